import DatabaseEngines
import Payments
import Records
import Seams
import Storage
import StoragePostgreSQL
import Testing

/// Each row of a merchant lies in its merchant's book: the keys of the tables and the statements hold it, so that a unit of
/// work of one book never leaves it, and the tables can be spread over machines by their book.
@Suite("Keys with the book")
struct BookKeysTests {
    // MARK: - The schema

    @Test("every table is of one class", arguments: Engine.allCases)
    func classes(engine: Engine) async throws {
        let database = try engine.open()
        let tables = try await StoredSchema.tables(of: database, on: engine)
        let all = [Schema.merchantTables, Schema.sharedTables, Schema.directories]
        for table in tables {
            let count = all.count { $0.contains(table) }
            #expect(count == 1, "'\(table)' is of \(count) classes: see Schema.tableClass(of:)")
        }
        #expect(all.reduce(into: Set()) { $0.formUnion($1) } == Set(tables))
        #expect(Set(Schema.tables) == Set(tables) && Schema.tables.count == tables.count)
        try await database.close()
    }

    @Test("every key of a merchant's table begins with the book", arguments: Engine.allCases)
    func keys(engine: Engine) async throws {
        let database = try engine.open()
        let keys = try await StoredSchema.keys(of: database, on: engine)
        var withKey: Set<String> = []
        for key in keys where Schema.tableClass(of: key.table) == .merchants {
            withKey.insert(key.table)
            #expect(key.columns.first == "book", "\(engine): a key of '\(key.table)' is \(key.columns)")
        }
        #expect(withKey == Schema.merchantTables)
        try await database.close()
    }

    @Test(
        "no reference leads from one book to another, or from what all share to a merchant",
        arguments: Engine.allCases
    )
    func references(engine: Engine) async throws {
        let database = try engine.open()
        let references = try await StoredSchema.references(of: database, on: engine)
        #expect(references.count > 50)
        for reference in references {
            let (from, to) = (Schema.tableClass(of: reference.table), Schema.tableClass(of: reference.target))
            let text =
                "\(engine): \(reference.table) \(reference.columns) names \(reference.target) \(reference.targets)"
            let hasBook = reference.columns.first == "book" && reference.targets.first == "book"
            switch (from, to) {
            case (.shared, .merchants): Issue.record("\(text): rows of merchants are not shared")
            case (_, .merchants): #expect(hasBook, "\(text): both have to begin with the book")
            case (.merchants, _) where reference.target == "merchants": #expect(hasBook, "\(text)")
            default: break
            }
        }
        // Whatever names a merchant lies in the book of that merchant.
        let ofMerchants = references.filter { $0.target == "merchants" && $0.columns == ["book", "merchant"] }
        for table in Schema.merchantTables
        where try await StoredSchema.columns(of: table, in: database, on: engine).contains("merchant") {
            #expect(
                ofMerchants.contains { $0.table == table },
                "\(engine): '\(table)' does not hold its merchant's book"
            )
        }
        try await database.close()
    }

    @Test("a row in another book than its merchant's is refused", arguments: Engine.allCases)
    func foreignBook(engine: Engine) async throws {
        let database = try engine.open()
        try await database.write { session in
            let merchant = MerchantRecord(
                id: MerchantID(value: 1),
                name: "m",
                feeBasisPoints: 0,
                createdAt: Timestamp(seconds: 1)
            )
            try session.insert(merchant)
        }
        let insertion = """
            INSERT INTO idempotency_keys (book, merchant, route, key, fingerprint, object, claimed_at, leased_until)
            SELECT $1, id, 'r', 'k', id, 'o', 1, 1 FROM merchants
            """
        await #expect(throws: StorageError(.constraint, "")) {
            try await database.write { try $0.execute(insertion, [.integer(0)]) }
        }
        try await database.write { try $0.execute(insertion, [.integer(1)]) }
        try await database.close()
    }

    /// Statements of SQLite, and the key or index by which each finds its few rows: never by the book alone.
    private static let plans: [(sql: String, key: String)] = [
        ("invoices i WHERE i.book IN (0, 1) AND i.id = $1", "PRIMARY KEY (book=? AND id=?)"),
        ("invoices i WHERE i.book = 1 AND i.merchant = $1 ORDER BY i.id DESC LIMIT 20", "invoices_of_merchant"),
        ("invoices i WHERE i.book IN (0, 1) AND i.payment_link = $1 AND i.state = 1", "invoices_of_link"),
        ("payment_options o WHERE o.book IN (0, 1) AND o.invoice = $1 ORDER BY o.id", "payment_options_of_invoice"),
        ("payments p WHERE p.book IN (0, 1) AND p.invoice = $1 ORDER BY p.id", "payments_of_invoice"),
        ("payments p WHERE p.book = 1 AND p.merchant = $1 ORDER BY p.id DESC LIMIT 20", "payments_of_merchant"),
        ("cases c WHERE c.book IN (0, 1) AND c.payment = $1 ORDER BY c.id", "cases_of_payment"),
        ("cases c WHERE c.book IN (0, 1) AND c.invoice = $1 AND c.state = 1", "cases_of_invoice"),
        ("outgoing t WHERE t.book IN (0, 1) AND t.payment = $1 ORDER BY t.id", "outgoing_of_payment"),
        ("sightings s WHERE s.book IN (0, 1) AND s.invoice = $1", "sightings_of_invoice"),
        ("events e WHERE e.book = 1 AND e.merchant = $1 ORDER BY e.sequence DESC LIMIT 20", "events_of_merchant"),
        ("webhook_endpoints w WHERE w.book IN (0, 1) AND w.merchant = $1", "webhook_endpoints_of_merchant"),
        ("ledger_transactions l WHERE l.subject = $1 AND l.book IN (0, 1)", "ledger_transactions_by_subject"),
    ]

    @Test("SQLite finds the rows of a merchant or an object by their own key, and not among all of the book")
    func queryPlans() async throws {
        let database = try Engine.sqlite.open()
        for (sql, key) in Self.plans {
            let plan = try await database.read { session in
                try session.query("EXPLAIN QUERY PLAN SELECT * FROM " + sql, [.blob([1])])
                    .map { "\($0.values.last ?? .null)" }.joined(separator: " ")
            }
            #expect(plan.contains(key), "\(sql): \(plan)")
        }
        try await database.close()
    }

    // MARK: - The statements

    /// Statements over all books, and why they are.
    private static let overAllBooks: [String: String] = [
        // Each caller says the book.
        "journal(where:_:)": "a condition of the caller says it",
        "cases(of:isOperator:state:in:)": "the operator reads all",
        // The rails' histories, accounts and wallets are the operator's, and each has money of every book.
        "standing(of:provider:since:)": "a rail's history", "standingMovements(provider:since:)": "a rail's history",
        "standingPayments(provider:since:)": "a rail's history", "sightings(provider:)": "a rail's history",
        "paymentsShownByBalance(provider:after:)": "a rail's history",
        "waitsForScan(provider:account:subject:grace:until:)": "a rail's history",
        "concludedOutgoing(provider:since:)": "a rail's history", "outgoing(hash:)": "a rail's history",
        "transfers(hash:)": "a rail's history", "hasHistory(_:)": "a rail's history",
        "unmatchedPayments(provider:payer:limit:)": "a customer's payments",
        "payments(of:key:at:limit:)": "a customer's payments", "lastSequence(provider:)": "a wallet's numbers",
        "lastTakenSequence(provider:since:)": "a wallet's numbers", "signedCount(_:provider:)": "a wallet's numbers",
        "usedNumbers(of:from:)": "a wallet's numbers", "openOutgoing(provider:asset:)": "a wallet's transfers",
        "outgoingToSign(provider:dueAt:limit:)": "a wallet's transfers",
        "unsentOutgoing(provider:limit:)": "a wallet's transfers",
        "undecidedOutgoing(provider:)": "a wallet's transfers",
        "reviewedTransfers()": "a wallet's transfers",
        // Duties look for what is due, and then work in the book of each.
        "invoicesToExpire(at:watermarks:limit:)": "a duty", "subscriptionsDue(at:limit:)": "a duty",
        "soldLinks(limit:)": "a duty", "forgetApprovals(at:)": "a duty", "dueNotices(at:limit:)": "a duty",
        "openWalletSessions(at:limit:)": "a duty", "walletSessionPlaces(at:limit:)": "a duty",
        "overdueOutgoing(endedBefore:createdBefore:limit:)": "a duty", "outgoing(in:of:outside:dueAt:limit:)": "a duty",
        "endpointsDue(at:)": "a duty", "endTurns()": "a duty", "dueOwnerNotices(at:limit:)": "a duty",
        // Reports and audits.
        "auditObjects()": "an audit", "dismissedOnSuspense()": "a report", "trialBalance(of:)": "a report",
        "openCaseCount()": "a report", "outboxDepth()": "a report", "disabledEndpointCount()": "a report",
    ]

    /// A table of merchants in a statement, by the name that the statement gives it.
    private struct Mention: Hashable {
        let table: String
        let alias: String
    }

    private static func mentions(in sql: String) -> [Mention] {
        // Cases are read with what was set aside of them.
        sql.replacing("\\(Self.cases)", with: "cases c").matches(
            of: /\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)(?:\s+(?:AS\s+)?([a-z])\b(?!\())?/
        ).compactMap { match in
            let table = String(match.1)
            guard Schema.tableClass(of: table) == .merchants else { return nil }
            return Mention(table: table, alias: match.2.map(String.init) ?? "")
        }
    }

    /// The tables of merchants in a statement whose book it does not say.
    private static func unbound(in sql: String) -> [Mention] {
        let mentions = mentions(in: sql)
        let aliases = Set(mentions.map(\.alias))
        var bound: Set<String> = []
        for mention in mentions {
            let (alias, column) = (mention.alias, mention.alias.isEmpty ? "book" : "\(mention.alias).book")
            let names = alias.isEmpty ? "" : "\"\(alias)\""
            let says = [
                "within(\(names))", "withinOrOperators(\(names))", " \(column) = $", " \(column) = \\(",
                " \(column) IN (",
                "(\(column), ",
            ]
            let inserts = sql.firstMatch(of: /INSERT INTO ([a-z_]+) \(([^)]*)\)/)
            let isInserted =
                inserts.map { $0.1 == mention.table && $0.2.split { ", ".contains($0) }.contains("book") } ?? false
            if says.contains(where: sql.contains) || (isInserted && alias.isEmpty) { bound.insert(alias) }
        }
        // A join carries the book on, also from a directory and from a statement around this one.
        var grows = true
        while grows {
            grows = false
            for match in sql.matches(of: /\b(?:([a-z]|[a-z_]+)\.)?book = ([a-z]|[a-z_]+)\.(?:book|number)\b/) {
                let (left, right) = (match.1.map(String.init) ?? "", String(match.2))
                for (one, other) in [(left, right), (right, left)] where aliases.contains(one) && !bound.contains(one) {
                    guard bound.contains(other) || !aliases.contains(other) else { continue }
                    bound.insert(one)
                    grows = true
                }
            }
        }
        return mentions.filter { !bound.contains($0.alias) }
    }

    @Test("every statement about rows of merchants says their book, or is one over all books")
    func statements() throws {
        let sources = try SourceStatements()
        var unused = Set(Self.overAllBooks.keys)
        var checked = 0
        for statement in sources.statements {
            let mentions = Self.mentions(in: statement.sql)
            checked += mentions.isEmpty ? 0 : 1
            let unbound = Self.unbound(in: statement.sql)
            guard !unbound.isEmpty else { continue }
            unused.remove(statement.place)
            let tables = unbound.map(\.table)
            #expect(
                Self.overAllBooks[statement.place] != nil,
                "\(statement.place) does not say the book of \(tables): \(statement.sql)"
            )
        }
        for member in sources.members where member.code.contains("list(") {
            let code = member.code.replacing("from: Self.cases", with: "from: \"cases c\"")
            for match in code.matches(of: /from: "([a-z_]+) [a-z]"/)
            where Schema.tableClass(of: String(match.1)) == .merchants {
                unused.remove(member.name)
                let isSaid = member.code.contains("owned(by:") || Self.overAllBooks[member.name] != nil
                #expect(isSaid, "\(member.name) lists \(match.1) of no book")
            }
        }
        for member in sources.members where member.code.contains("journal(where: ") {
            let isSaid = member.code.contains("l.book") || member.code.contains("withinOrOperators(\"l\")")
            #expect(isSaid, "\(member.name) reads the journal of no book")
        }
        #expect(checked > 150, "only \(checked) statements were found")
        #expect(unused.isEmpty, "these are no statements over all books: \(unused.sorted())")
    }

    @Test("a statement that does not say its book is found, however it is written")
    func unboundStatements() {
        let statements: [(String, Bool)] = [
            ("SELECT 1 FROM invoices WHERE id = $1", false),
            ("SELECT 1 FROM invoices WHERE book = $2 AND id = $1", true),
            ("SELECT 1 FROM invoices i WHERE i.id = $1", false),
            ("SELECT 1 FROM invoices i WHERE \\(within(\"i\")) AND i.id = $1", true),
            ("SELECT 1 FROM invoices i WHERE \\(within(\"o\")) AND i.id = $1", false),
            ("SELECT 1 FROM invoices i JOIN payments p ON p.invoice = i.id WHERE i.book = $1", false),
            (
                "SELECT 1 FROM invoices i JOIN payments p ON p.book = i.book AND p.invoice = i.id WHERE i.book = $1",
                true
            ),
            ("SELECT 1 FROM invoices i JOIN payments p ON p.book = i.book AND p.invoice = i.id WHERE i.id = $1", false),
            ("SELECT 1 FROM payment_references r JOIN invoices i ON i.book = r.book AND i.id = $1", true),
            ("UPDATE payments SET state = $1 WHERE id = $2", false),
            ("UPDATE payments SET state = $1 WHERE \\(within()) AND id = $2", true),
            ("DELETE FROM approvals WHERE invoice = $1", false),
            ("INSERT INTO cases (id, reason) VALUES ($1, $2)", false),
            ("INSERT INTO cases (book, id) VALUES ($1, $2)", true), ("SELECT 1 FROM wallets WHERE provider = $1", true),
        ]
        for (sql, isBound) in statements { #expect(Self.unbound(in: sql).isEmpty == isBound, "\(sql)") }
    }

    // MARK: - Spread over machines

    @Test("the tables are distributed by their book, the others copied, in an order that references allow")
    func distribution() {
        let own = Distribution.ForeignKey(
            name: "payments_book_fkey",
            table: "payments",
            target: "invoices",
            definition: "FOREIGN KEY (book, invoice) REFERENCES invoices(book, id)"
        )
        let outward = Distribution.ForeignKey(
            name: "lanes_book_fkey",
            table: "lanes",
            target: "outgoing",
            definition: "FOREIGN KEY (book, transfer) REFERENCES outgoing(book, id)"
        )
        let statements = Distribution.statements(for: Set(Schema.tables), [own, outward])
        #expect(statements.first == "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
        #expect(statements[1] == "ALTER TABLE payments DROP CONSTRAINT \"payments_book_fkey\"")
        #expect(statements[2] == "ALTER TABLE lanes DROP CONSTRAINT \"lanes_book_fkey\"")
        #expect(
            statements.last
                == "ALTER TABLE payments ADD CONSTRAINT \"payments_book_fkey\" FOREIGN KEY (book, invoice) REFERENCES invoices(book, id)"
        )
        #expect(!statements.contains { $0.hasPrefix("ALTER TABLE lanes ADD") })
        let made = statements.dropFirst(3).dropLast()
        #expect(made.count == Schema.tables.count)
        let copied = made.prefix { $0.hasPrefix("SELECT create_reference_table(") }
        #expect(copied.count == Schema.sharedTables.count + Schema.directories.count)
        #expect(copied.contains("SELECT create_reference_table('merchants')"))
        let spread = made.dropFirst(copied.count)
        #expect(spread.first?.hasSuffix("'book', colocate_with => 'none')") == true)
        for statement in spread.dropFirst() {
            #expect(
                statement.hasPrefix("SELECT create_distributed_table('") && !statement.contains("'none'"),
                "\(statement)"
            )
        }
        #expect(Set(spread.map { $0.split(separator: "'")[1] }).count == Schema.merchantTables.count)
        #expect(Distribution.statements(for: [], []).isEmpty)
    }

    @Test("the statements that distribute the tables keep every reference that a cluster can keep")
    func distributedReferences() async throws {
        let database = try Engine.postgreSQL.open()
        let before = try await StoredSchema.references(of: database, on: .postgreSQL)
        let keys = try await StoredSchema.foreignKeys(of: database)
        #expect(keys.count == before.count)
        // The extension's functions, which note what they are called for.
        let extensionParts = [
            "CREATE TABLE calls (name TEXT, first TEXT)",
            """
            CREATE FUNCTION create_reference_table(name TEXT) RETURNS void LANGUAGE sql
            AS $$ INSERT INTO calls VALUES (name, NULL) $$
            """,
            """
            CREATE FUNCTION create_distributed_table(name TEXT, part TEXT, colocate_with TEXT) RETURNS void LANGUAGE sql
            AS $$ INSERT INTO calls VALUES (name, colocate_with) $$
            """,
        ]
        try await database.write { session in
            for statement in extensionParts + Distribution.statements(for: Set(Schema.tables), keys) {
                _ = try session.query(statement, [])
            }
        }
        let after = try await StoredSchema.references(of: database, on: .postgreSQL)
        let lost = Set(before).subtracting(after)
        #expect(Set(after).isSubset(of: before))
        #expect(Set(lost.map(\.table)) == ["payment_references", "holding_accounts", "lanes"])
        let calls = try await database.read { try $0.query("SELECT name FROM calls", []).count }
        #expect(calls == Schema.tables.count)
        try await database.close()
    }

    @Test("a PostgreSQL without the extension says what is missing, and is not changed")
    func withoutExtension() async throws {
        let place = try Engine.postgreSQL.place()
        let database = try Engine.postgreSQL.open(place)
        let before = try await StoredSchema.references(of: database, on: .postgreSQL)
        let error = #expect(throws: StorageError(.missingExtension, "")) { try PostgresDatabase.distribute(place) }
        #expect(error?.reason.contains("CREATE EXTENSION citus") == true, "\(error?.reason ?? "")")
        #expect(try await StoredSchema.references(of: database, on: .postgreSQL) == before)
        try await database.close()
    }
}
