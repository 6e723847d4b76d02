/// What customers, merchants, chains and Telegram do to a gateway, and what must be true at the end.
///
/// One file in `Fixtures/scenarios` is one scenario.
package struct Scenario: Sendable {
    /// The name for people.
    package let name: String
    /// Why it matters.
    package let why: String
    /// Whether the gateway is killed and started again after every step.
    package let restartsBetweenSteps: Bool
    /// The steps, in order.
    package let steps: [Step]
    /// What must be true at the end.
    package let expectations: [Check]

    /// One thing that happens.
    package enum Step: Sendable {
        /// The merchant opens an invoice and gives it a name in the scenario.
        case open(Open)
        /// A customer pays.
        case pay(Pay)
        /// Everything that is under way runs to its end: chains mine, Telegram delivers, the gateway's workers run.
        case settle
        /// A chain makes blocks, and nothing else happens.
        case mine(network: String, blocks: Int)
        /// The gateway's workers work once.
        case look
        /// The gateway polls nothing and works only when a node of TON has told of something, while steps are taken and
        /// until a check holds.
        case hear(steps: [Step], until: Check)
        /// Waits for something that comes by itself; within `hear`.
        case until(Check)
        /// The EVM chain's last blocks are replaced; their chain transactions wait again, or are dropped.
        case reorganise(depth: Int, dropping: Bool)
        /// Time passes.
        case advance(seconds: Int64)
        /// The clock of the gateway's machine is set this many seconds ahead; 0 is right.
        case setClock(ahead: Int64)
        /// A network begins or ceases to misbehave.
        case fault(Fault)
        /// How customers on TON are told apart from here on.
        case deposit(derived: Bool)
        /// The kind of the paying wallet on TON from here on: a highload wallet, or one that numbers its requests.
        case wallet(highload: Bool)
        /// The merchant asks for payouts, all at once.
        case payouts(Payouts)
        /// A customer pays for the invoice's payload in another merchant's bot, whose owner approves the payment.
        case payElsewhere(PayElsewhere)
        /// Telegram pushes bytes to the bot, and the answer has to confirm them.
        case push(body: String)
        /// Some payouts that need approval are approved, the oldest first.
        case approve(count: Int)
        /// The operator copies the database, as `settlegate backup` does.
        case backup
        /// The database is lost, and the copy is put back in its place, as `settlegate restore` does.
        case restore
        /// Another program with the same keystore sends money from the paying wallet.
        case spendElsewhere(Spend)
        /// A person decides about each transfer of held wallets by the list: one with a candidate has left, any other
        /// is still owed.
        case decideByTheList
        /// A person lets the held wallets sign again, all or those of a provider; with `isRefused` it has to be refused
        /// for the provider's wallets, or for those with undecided transfers.
        case resume(isRefused: Bool, provider: String?)
        /// The merchant returns the payment of an invoice.
        case refund(invoice: String, amount: String?)
        /// The merchant cancels an invoice.
        case cancel(invoice: String)
        /// The gateway is killed and started again.
        case restart
        /// Something must be true now.
        case check(Check)
    }

    /// An invoice that is opened.
    package struct Open: Sendable, Decodable {
        /// Its name in the scenario.
        package let `as`: String
        /// The price, a decimal text.
        package let amount: String
        /// The asset of the price.
        package let asset: String
        /// The kind of goods.
        package let goods: String
        /// The rails to offer.
        package let rails: [Rail]
        /// The place where it is paid: `telegram` or `web`.
        package let place: String?
        /// How many seconds it can be paid for.
        package let expiresIn: Int64?

        /// One rail to offer.
        package struct Rail: Sendable, Decodable {
            /// The rail.
            package let rail: String
            /// The asset that is paid.
            package let asset: String?
        }

        enum CodingKeys: String, CodingKey {
            case `as`
            case amount
            case asset
            case goods
            case rails
            case place
            case expiresIn = "expires_in"
        }
    }

    /// A payment that a customer makes in another merchant's bot.
    package struct PayElsewhere: Sendable, Decodable {
        /// The name in the scenario of the invoice whose payload is used.
        package let invoice: String
        /// The rail that is used.
        package let rail: String
        /// The payer.
        package let user: String
        /// Whether that bot returns the money afterwards.
        package var returned: Bool?
    }

    /// A payment that a customer makes.
    package struct Pay: Sendable, Decodable {
        /// The invoice's name in the scenario.
        package let invoice: String
        /// The rail that is used.
        package let rail: String
        /// The payer.
        package let user: String
        /// The amount; the amount due when nil.
        package var amount: String?
        /// The amount in smallest units, in digits, for numbers that no amount can hold; it takes precedence over
        /// `amount`.
        package var units: String?
        /// The comment; the right one when nil; `none` for no comment at all.
        package var comment: String?
        /// Whether the transfer carries the bounced flag.
        package var bounced: Bool?
        /// `fake`: pays with a counterfeit of the jetton.
        package var jetton: String?
        /// `contract`: coins come through a contract, inside a chain transaction; `issuer`: a token's contract gives
        /// them without a log.
        package var through: String?
        /// The odd form in which TON writes it; the usual form when nil.
        package var written: String?
        /// `refused`: the gateway has to refuse it before money is taken.
        package var outcome: String?
    }

    /// Payouts that are asked for.
    package struct Payouts: Sendable, Decodable {
        /// The amount of each payout.
        package let amount: String
        /// The asset.
        package let asset: String
        /// How many.
        package let count: Int
        /// The destination; a supplier's account when nil.
        package var to: ScenarioPlace?
        /// Whether they need approval.
        package var needsApproval: Bool?
        /// How long their comments are, in bytes; none when nil.
        ///
        /// Each has another one.
        package var commentBytes: Int?
        /// The field that the gateway has to name when it refuses them; nil when it must not refuse them.
        package var refused: String?

        enum CodingKeys: String, CodingKey {
            case amount
            case asset
            case count
            case to
            case needsApproval = "needs_approval"
            case commentBytes = "comment_bytes"
            case refused
        }
    }

    /// Money that another program sends with our key.
    package struct Spend: Sendable, Decodable {
        /// How much.
        package let amount: String
        /// The asset.
        package let asset: String

        /// Money that leaves.
        package init(amount: String, asset: String) {
            self.amount = amount
            self.asset = asset
        }
    }

    /// How a network misbehaves.
    package struct Fault: Sendable, Decodable {
        /// `ton`, `evm` or `telegram`.
        package let network: String
        /// The kind of fault; `none` ends all faults.
        package let kind: String
        /// By how many blocks a node lags.
        package let blocks: Int?
        /// How many times it happens.
        package let times: Int?
        /// The number of the EVM chain's node; the first when nil.
        package let node: Int?
        /// `wrong_balance`: the invoice whose address on the EVM chain it is; elsewhere the one whose payment a node invents.
        package var invoice: String?
        /// `wrong_balance`: by how much more is told than there is, in the option's asset; with a minus, less.
        package var by: String?
        /// `hostile_stream`: how the node's stream goes on.
        var stream: String?
        /// In place of how many chain transactions a node shows what it invents; at the end of the history when nil.
        package let instead: Int?
    }

    /// Something that must be true.
    package enum Check: Sendable {
        /// An invoice's state and exception.
        case invoice(of: String, state: String, exception: String)
        /// The classifications of an invoice's payments and their states, in the order of the payments.
        case payments(of: String, classifications: [String], states: [String]?)
        /// The confirmations of an invoice's sightings.
        case sightings(of: String, confirmations: [Int])
        /// The states of the refunds of an invoice's payments.
        case refunds(of: String, states: [String])
        /// The states of the payouts, in the order in which they were asked for.
        case payouts(states: [String])
        /// The providers of the held wallets that pay out.
        case held(providers: [String])
        /// The reasons of the open cases.
        case cases(reasons: [String])
        /// The balance of an account of the merchant or the gateway; positive where it is owed.
        case account(code: String, asset: String, amount: String)
        /// Whether an account is empty, for accounts whose balance depends on the chain's fees.
        case emptiness(code: String, asset: String, empty: Bool)
        /// The types of the events about an invoice that the merchant's server has verified and accepted.
        case events(of: String, types: [String])
        /// The reconciliation report: whether everything balances and every difference is explained.
        case books(clean: Bool)
    }
}
