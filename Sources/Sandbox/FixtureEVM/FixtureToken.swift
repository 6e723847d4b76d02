package import BigInt
package import EVM

/// An ERC-20 token of the fixture chain: modelled by the standard's rules, and by what real tokens do otherwise.
package struct FixtureToken: Hashable, Sendable {
    /// How a token deviates from the standard.
    package enum Behaviour: Hashable, Sendable {
        /// As the standard says.
        case standard
        /// It answers nothing where the standard wants a boolean, as USDT on Ethereum does.
        case silent
        /// It answers `false` and moves nothing, in a chain transaction that succeeds.
        case refusing
        /// It keeps a part of each transfer, in hundredths of a percent, and its log shows the whole.
        case feeOnTransfer(Int)
        /// It takes a part of each transfer from its sender on top, in hundredths of a percent, without a log.
        case feeOnTop(Int)
        /// It gives a part of each transfer to an account, in hundredths of a percent, with a log of its own.
        case loggedFee(Int, to: EVMAddress)
        /// It reverts every transfer.
        case paused
        /// It reverts every request for a balance.
        case untold
        /// Its logs name sender and receiver in their data, and not as topics.
        case unindexed
    }

    /// The name that it states.
    package let name: String
    /// The ticker that it states; any token may state any.
    package let symbol: String
    /// The number of fraction digits.
    package let decimals: UInt8
    /// How it deviates from the standard.
    package var behaviour: Behaviour
    /// Accounts that may neither send nor receive.
    package var blocked: Set<EVMAddress> = []
    var balances: [EVMAddress: BigUInt] = [:]
    var allowances: [EVMAddress: [EVMAddress: BigUInt]] = [:]

    init(name: String, symbol: String, decimals: UInt8, behaviour: Behaviour) {
        self.name = name
        self.symbol = symbol
        self.decimals = decimals
        self.behaviour = behaviour
    }

    /// Allows somebody to send an owner's tokens; here a contract that owns tokens cannot allow it itself.
    package mutating func allow(_ spender: EVMAddress, of owner: EVMAddress, units: BigUInt) {
        allowances[owner, default: [:]][spender] = units
    }

    var supply: BigUInt { balances.values.reduce(0, +) }

    /// Executes a call: returns the answer and the logs, or nil when it reverts.
    mutating func call(_ data: [UInt8], by caller: EVMAddress, at own: EVMAddress) -> (answer: [UInt8], logs: [EVMLog])?
    {
        switch Array(data.prefix(4)) {
        case Self.transfer:
            guard let (parties, amount) = Self.arguments(data, parties: 1) else { return nil }
            return move(amount, from: caller, to: parties[0], at: own)
        case Self.transferFrom:
            guard let (parties, amount) = Self.arguments(data, parties: 2) else { return nil }
            let allowed = allowances[parties[0]]?[caller] ?? 0
            guard amount <= allowed else { return nil }
            allowances[parties[0], default: [:]][caller] = allowed - amount
            return move(amount, from: parties[0], to: parties[1], at: own)
        case Self.approve:
            guard let (parties, amount) = Self.arguments(data, parties: 1) else { return nil }
            let spender = parties[0]
            allowances[caller, default: [:]][spender] = amount
            let log = Self.log(own, "Approval(address,address,uint256)", caller, spender, amount)
            return (ABIValue.encode([.bool(true)]), [log].compactMap { $0 })
        case Self.grant, Self.seize:
            // The issuer changes balances without a log.
            guard let (parties, amount) = Self.arguments(data, parties: 1) else { return nil }
            let held = balances[parties[0]] ?? 0
            guard Array(data.prefix(4)) == Self.grant || held >= amount else { return nil }
            balances[parties[0]] = Array(data.prefix(4)) == Self.grant ? held + amount : held - amount
            return ([], [])
        default: return read(data).map { ($0, []) }
        }
    }

    /// The data of a call by which the issuer gives tokens to somebody, or takes them, without a log.
    package static func silentChange(of owner: EVMAddress, by units: BigInt) -> [UInt8] {
        let method = units < 0 ? "seize(address,uint256)" : "grant(address,uint256)"
        return ABIValue.call(method, [.address(owner), .uint(units.magnitude)])
    }

    /// The answer to a call that changes nothing.
    func read(_ data: [UInt8]) -> [UInt8]? {
        switch Array(data.prefix(4)) {
        case Self.balanceOf:
            guard behaviour != .untold, let parties = Self.addresses(data, 1) else { return nil }
            return ABIValue.encode([.uint(balances[parties[0]] ?? 0)])
        case ERC20.decimals: return ABIValue.encode([.uint(BigUInt(decimals))])
        case ABIValue.selector("symbol()"): return ABIValue.encode([.string(symbol)])
        case ABIValue.selector("name()"): return ABIValue.encode([.string(name)])
        case ABIValue.selector("totalSupply()"): return ABIValue.encode([.uint(supply)])
        case ABIValue.selector("allowance(address,address)"):
            guard let parties = Self.addresses(data, 2) else { return nil }
            return ABIValue.encode([.uint(allowances[parties[0]]?[parties[1]] ?? 0)])
        default: return nil
        }
    }

    private static func addresses(_ data: [UInt8], _ count: Int) -> [EVMAddress]? {
        let types = [ABIType](repeating: .address, count: count)
        return try? ABIValue.decode(types, from: Array(data.dropFirst(4))).compactMap { value in
            if case .address(let address) = value { address } else { nil }
        }
    }

    /// The addresses in a call's data, and the amount after them.
    private static func arguments(_ data: [UInt8], parties count: Int) -> (parties: [EVMAddress], amount: BigUInt)? {
        guard let parties = addresses(data, count), data.count >= 36 + 32 * count else { return nil }
        return (parties, BigUInt(bytes: data[(4 + 32 * count)..<(36 + 32 * count)]))
    }

    private mutating func move(
        _ amount: BigUInt,
        from: EVMAddress,
        to: EVMAddress,
        at own: EVMAddress
    ) -> (answer: [UInt8], logs: [EVMLog])? {
        let has = balances[from] ?? 0
        if behaviour == .refusing { return (ABIValue.encode([.bool(false)]), []) }
        guard behaviour != .paused, !blocked.contains(from), !blocked.contains(to), has >= amount else { return nil }
        let event = "Transfer(address,address,uint256)"
        var (taken, received, shown) = (amount, amount, amount)
        var logs: [EVMLog?] = []
        switch behaviour {
        case .feeOnTransfer(let basisPoints): received -= amount * BigUInt(basisPoints) / 10_000
        case .feeOnTop(let basisPoints): taken += amount * BigUInt(basisPoints) / 10_000
        case .loggedFee(let basisPoints, let collector):
            let fee = amount * BigUInt(basisPoints) / 10_000
            received -= fee
            shown -= fee
            balances[collector, default: 0] += fee
            logs.append(Self.log(own, event, from, collector, fee))
        case .standard, .silent, .refusing, .paused, .unindexed, .untold: break
        }
        guard has >= taken else { return nil }
        // The collector may be the sender.
        balances[from] = (balances[from] ?? 0) - taken
        balances[to, default: 0] += received
        logs.append(
            behaviour == .unindexed
                ? Self.unindexed(own, event, from, to, shown) : Self.log(own, event, from, to, shown)
        )
        return (behaviour == .silent ? [] : ABIValue.encode([.bool(true)]), logs.compactMap { $0 })
    }

    private static func log(
        _ token: EVMAddress,
        _ event: String,
        _ first: EVMAddress,
        _ second: EVMAddress,
        _ amount: BigUInt
    ) -> EVMLog? {
        let topics = [
            EVMHash(of: Array(event.utf8)), try? EVMHash(bytes: ABIValue.encode([.address(first)])),
            try? EVMHash(bytes: ABIValue.encode([.address(second)])),
        ]
        return try? EVMLog(address: token, topics: topics.compactMap { $0 }, data: ABIValue.encode([.uint(amount)]))
    }

    private static func unindexed(
        _ token: EVMAddress,
        _ event: String,
        _ first: EVMAddress,
        _ second: EVMAddress,
        _ amount: BigUInt
    ) -> EVMLog? {
        let data = ABIValue.encode([.address(first), .address(second), .uint(amount)])
        return try? EVMLog(address: token, topics: [EVMHash(of: Array(event.utf8))], data: data)
    }

    private static let transfer = ABIValue.selector("transfer(address,uint256)")
    private static let transferFrom = ABIValue.selector("transferFrom(address,address,uint256)")
    private static let approve = ABIValue.selector("approve(address,uint256)")
    private static let grant = ABIValue.selector("grant(address,uint256)")
    private static let seize = ABIValue.selector("seize(address,uint256)")
    private static let balanceOf = ABIValue.selector("balanceOf(address)")
}
