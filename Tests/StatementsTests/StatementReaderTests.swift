import Foundation
import Money
import Seams
import Statements
import Testing
import Yams

@Suite("A source's file")
struct StatementReaderTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Config/statements")

    private static func layout(_ name: String) throws -> StatementLayout {
        let data = try Data(contentsOf: folder.appendingPathComponent(name + ".yaml"))
        return try YAMLDecoder().decode(StatementLayout.self, from: data)
    }

    private func rows(_ text: String, layout name: String) throws -> [StatementReader.Row] {
        var reader = try StatementReader(layout: Self.layout(name), assets: StatementsDesk.registry())
        var rows: [StatementReader.Row] = []
        try reader.read(text.utf8) { rows.append($0) }
        try reader.finish { rows.append($0) }
        return rows
    }

    private static let stripe =
        "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,charge_id,description\n"

    @Test func `has layouts that can be used, each named as its file`() throws {
        let all = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let files = all.filter { $0.hasSuffix(".yaml") }
        #expect(files.count >= 4)
        for file in files {
            let layout = try Self.layout(String(file.dropLast(5)))
            try layout.check()
            #expect(layout.name + ".yaml" == file)
        }
    }

    @Test func `of Stripe has payments, refunds and fees with their signs`() throws {
        let text =
            Self.stripe + "txn_1,2026-11-02 10:00:00,eur,10.00,0.50,9.50,charge,ch_1,ch_1,\"Tea, green\"\n"
            + "txn_2,2026-11-03 10:00:00,eur,-10.00,0.00,-10.00,refund,re_1,ch_1,=1+1\n"
        let lines = try rows(text, layout: "stripe-balance").compactMap { row in
            if case .line(let line, _) = row { line } else { nil }
        }
        #expect(lines.map(\.key) == ["txn_1", "txn_2"])
        #expect(lines.map(\.kind) == [.payment, .refund])
        #expect(lines.map(\.amount.units) == [950, -1_000])
        #expect(lines.map { $0.fee?.units } == [50, 0])
        #expect(lines[0].occurredAt == Timestamp(rfc3339: "2026-11-02T10:00:00Z"))
        #expect(lines[0].references == ["source": "ch_1", "charge": "ch_1"])
        #expect(lines.map(\.description) == ["Tea, green", "=1+1"])
    }

    @Test func `of YooKassa has a title, sums and Moscow time`() throws {
        let text = """
            РЕЕСТР ПЛАТЕЖЕЙ В Чай. № 7
            Дата платежей: 02.11.2026
            Идентификатор платежа;Сумма платежа;Валюта платежа;Сумма за вычетом комиссии;Время платежа;Описание
            2e1a;100.00;RUB;96.50;02.11.2026 01:30:00;Чай
            Сумма принятых платежей: 100.00
            Число платежей: 1

            """
        let found = try rows(text, layout: "yookassa-payments")
        guard case .line(let line, at: 4) = found.first else {
            Issue.record("\(found)")
            return
        }
        #expect(line.amount.units == 9_650)
        #expect(line.fee?.units == 350)
        #expect(line.occurredAt == Timestamp(rfc3339: "2026-11-01T22:30:00Z"))
        #expect(found.dropFirst() == [.skipped(at: 5), .skipped(at: 6)])
    }

    @Test(
        arguments: [
            ("t,2026-11-02 10:00:00,eur,10.00,0.50,9.51,charge,s,c,d", "fee"),
            ("t,2026-02-30 10:00:00,eur,10.00,0.50,9.50,charge,s,c,d", "created_utc"),
            ("t,2026-11-02 10:00:00,xyz,10.00,0.50,9.50,charge,s,c,d", "currency"),
            ("t,2026-11-02 10:00:00,eur,10.00,0.50,9.505,charge,s,c,d", "net"),
            ("t,2026-11-02 10:00:00,eur,1e3,0.50,9.50,charge,s,c,d", "gross"),
            ("t,2026-11-02 10:00:00,eur,10.00,0.50,9.50,novelty,s,c,d", "reporting_category"),
            ("t,2026-11-02 10:00:00,eur,+-10.00,0.50,9.50,charge,s,c,d", "gross"),
            ("t,2026-11-02 10:00:00,eur,\"1,000.00\",0.50,9.50,charge,s,c,d", "gross"),
            (",2026-11-02 10:00:00,eur,10.00,0.50,9.50,charge,s,c,d", "balance_transaction_id"),
            ("t,2026-11-02 10:00:00,eur,10.00", "reporting_category"),
        ]
    )
    func `names a bad row's line and column, and the rows around it are taken`(row: String, column: String) throws {
        let good = "ok,2026-11-02 10:00:00,eur,10.00,0.50,9.50,charge,s,c,d\n"
        let found = try rows(Self.stripe + good + row + "\n" + good, layout: "stripe-balance")
        #expect(found.count == 3)
        guard case .line(_, at: 2) = found[0], case .fault(let fault) = found[1], case .line(_, at: 4) = found[2] else {
            Issue.record("\(found)")
            return
        }
        #expect(fault.line == 3)
        #expect(fault.column == column)
    }

    @Test func `of another source is refused as a whole`() {
        for text in ["", "a,b\n1,2\n", String(repeating: "a\n", count: 100)] {
            #expect(throws: StatementError(.malformed, "")) { try rows(text, layout: "stripe-balance") }
        }
    }

    @Test(
        arguments: [
            ("dd.MM.yyyy", "+03:00", "01.11.2026", "2026-10-31T21:00:00Z"),
            ("yyyyMMdd", "+00:00", "20261101", "2026-11-01T00:00:00Z"),
            ("MM/dd/yyyy", "-05:00", "11/30/2026", "2026-11-30T05:00:00Z"),
            ("rfc3339", "+00:00", "2026-11-01T00:00:00+01:00", "2026-10-31T23:00:00Z"),
        ]
    )
    func `has moments of its own form and zone`(form: String, offset: String, text: String, moment: String) {
        let read = MomentForm(form: form, offset: offset).moment(text)
        #expect(read != nil)
        #expect(read == Timestamp(rfc3339: moment))
        #expect(MomentForm(form: form, offset: offset).moment(text + "0") == nil)
    }
}
