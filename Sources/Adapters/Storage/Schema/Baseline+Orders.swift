import Payments

extension Schema {
    /// Invoices, and the ways to pay them.
    static let orders =
        links + [
            """
            CREATE TABLE invoices (id {id} NOT NULL, \(ofMerchant),
            reference TEXT, title TEXT NOT NULL, summary TEXT NOT NULL, goods \(Invoice.Goods.column) NOT NULL,
            asset TEXT NOT NULL, price {units} NOT NULL, threshold {units} NOT NULL, received {units} NOT NULL,
            tolerance {integer} NOT NULL, payer {integer}, metadata TEXT NOT NULL,
            state \(InvoiceStateMachine.State.column) NOT NULL, exception \(InvoiceStateMachine.Exception.column) NOT NULL,
            created_at {moment} NOT NULL, expires_at {moment} NOT NULL, monitored_until {moment} NOT NULL,
            settled_at {moment}, return_url TEXT, payment_link {id}, subscription {id}, paid_media {id}, lines TEXT,
            unavailable_rails TEXT, version {integer} NOT NULL DEFAULT 1, PRIMARY KEY (book, id), \(merchantInBook),
            \(inBook("payment_link", of: "payment_links")), \(inBook("subscription", of: "subscriptions")),
            \(inBook("paid_media", of: "paid_media"))) {table}
            """,
            "CREATE INDEX invoices_of_merchant ON invoices (merchant, id)",
            "CREATE INDEX invoices_by_reference ON invoices (merchant, reference) WHERE reference IS NOT NULL",
            "CREATE INDEX invoices_to_expire ON invoices (expires_at) WHERE \(InvoiceStateMachine.State.isPayable(in: ""))",
            "CREATE INDEX invoices_of_link ON invoices (payment_link, state) WHERE payment_link IS NOT NULL",
            "CREATE INDEX invoices_of_subscription ON invoices (subscription, id) WHERE subscription IS NOT NULL",
            "CREATE INDEX invoices_of_paid_media ON invoices (paid_media, id) WHERE paid_media IS NOT NULL",
            """
            CREATE TABLE payment_options (book {integer} NOT NULL, id {id} NOT NULL, invoice {id} NOT NULL,
            rail \(Rail.column) NOT NULL, provider TEXT NOT NULL, asset TEXT NOT NULL, due {units} NOT NULL,
            price_asset TEXT NOT NULL, price {units} NOT NULL, quote TEXT, link TEXT NOT NULL, address TEXT, comment TEXT,
            reference_scope TEXT NOT NULL, reference_value TEXT NOT NULL, renewals {integer} NOT NULL DEFAULT 0,
            settings TEXT NOT NULL, PRIMARY KEY (book, id), UNIQUE (book, id, provider),
            \(inBook("invoice", of: "invoices"))) {table}
            """,
            "CREATE INDEX payment_options_of_invoice ON payment_options (invoice, id)",
            """
            CREATE TABLE past_quotes (book {integer} NOT NULL, option {id} NOT NULL, number {integer} NOT NULL,
            asset TEXT NOT NULL, due {units} NOT NULL, quote TEXT NOT NULL, PRIMARY KEY (book, option, number),
            \(inBook("option", of: "payment_options"))) {table}
            """,
            // The provider stands last: one index finds a reference at a provider, and at any other.
            """
            CREATE TABLE payment_references (provider TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL,
            book {integer} NOT NULL, option {id} NOT NULL, PRIMARY KEY (scope, value, provider), \(openedAtProvider)) {table}
            """,
            """
            CREATE TABLE link_visits (book {integer} NOT NULL, link {id} NOT NULL, visitor TEXT NOT NULL,
            place {integer} NOT NULL, invoice {id} NOT NULL, PRIMARY KEY (book, link, visitor, place),
            \(inBook("link", of: "payment_links")), \(inBook("invoice", of: "invoices"))) {table}
            """,
            // An invoice is held for one approved question of a rail at a time.
            """
            CREATE TABLE approvals (book {integer} NOT NULL, invoice {id} NOT NULL, provider TEXT NOT NULL,
            question TEXT NOT NULL, link {id}, held_until {moment} NOT NULL, PRIMARY KEY (book, invoice),
            \(inBook("invoice", of: "invoices")), \(inBook("link", of: "payment_links"))) {table}
            """,
            "CREATE INDEX approvals_of_link ON approvals (link, held_until) WHERE link IS NOT NULL",
            "CREATE INDEX approvals_by_end ON approvals (held_until)",
        ]

    /// An option is paid only at the provider that opened it.
    static let openedAtProvider = "FOREIGN KEY (book, option, provider) REFERENCES payment_options (book, id, provider)"

    /// Payment links, subscriptions and paid media, for which invoices are opened again and again.
    private static let links = [
        """
        CREATE TABLE payment_links (id {id} NOT NULL, \(ofMerchant), title TEXT NOT NULL, summary TEXT NOT NULL,
        asset TEXT NOT NULL, price {units} NOT NULL, template TEXT NOT NULL, stock {integer}, is_active {flag} NOT NULL,
        created_at {moment} NOT NULL, PRIMARY KEY (book, id), \(merchantInBook)) {table}
        """,
        "CREATE INDEX payment_links_of_merchant ON payment_links (merchant, id)",
        // Links whose last piece was sold, until their open invoices have ended.
        """
        CREATE TABLE sold_links (book {integer} NOT NULL, link {id} NOT NULL, PRIMARY KEY (book, link),
        \(inBook("link", of: "payment_links"))) {table}
        """,
        // The first invoice is opened after its subscription, and names it.
        """
        CREATE TABLE subscriptions (id {id} NOT NULL, \(ofMerchant), invoice {id} NOT NULL, reference TEXT,
        title TEXT NOT NULL, summary TEXT NOT NULL, asset TEXT NOT NULL, price {units} NOT NULL, metadata TEXT NOT NULL, created_at {moment} NOT NULL, expires_at {moment} NOT NULL,
        state \(SubscriptionStatus.State.column) NOT NULL, payer TEXT, charge TEXT, period_end {moment}, ended_at {moment},
        due_at {moment} NOT NULL, canceled_at {moment}, version {integer} NOT NULL DEFAULT 1, PRIMARY KEY (book, id), \(merchantInBook)) {table}
        """,
        "CREATE INDEX subscriptions_of_merchant ON subscriptions (merchant, id)",
        "CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE \(SubscriptionStatus.State.isUnderWay(in: ""))",
        """
        CREATE TABLE paid_media (id {id} NOT NULL, \(ofMerchant), provider TEXT NOT NULL, chat TEXT NOT NULL,
        title TEXT NOT NULL, summary TEXT NOT NULL, asset TEXT NOT NULL, price {units} NOT NULL, items TEXT NOT NULL, metadata TEXT NOT NULL, created_at {moment} NOT NULL,
        message {integer}, PRIMARY KEY (book, id), \(merchantInBook)) {table}
        """,
        "CREATE INDEX paid_media_of_merchant ON paid_media (merchant, id)",
    ]
}
