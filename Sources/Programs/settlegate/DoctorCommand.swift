import ArgumentParser
import CommandParts
import Cryptography
import Foundation
import Gateway
import Operations
import Seams
import StrictJSON

/// Looks for what is wrong with a gateway's surroundings.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at configuration, database, wallets, clock, bots and nodes; say what is wrong and what to do.",
        discussion: """
            Exits 1 when something has to be done. Nothing is changed. What the gateway does again and again (its duties) \
            is asked of the gateway that runs where http.host and http.port say.

            Example: settlegate doctor --config shop/settlegate.yaml
            """
    )
    @OptionGroup var options: GatewayOptions
    @Option(help: "text or json.") var format = OutputFormat.text

    mutating func run() async throws {
        let doctor = Doctor(
            file: options.config,
            environment: ProcessInfo.processInfo.environment,
            clock: SystemClock(),
            random: SystemRandom()
        )
        let findings = await doctor.examine()
        switch format {
        case .json:
            let list = findings.map { finding -> JSONValue in
                [
                    "severity": .string(finding.severity.rawValue), "subject": .string(finding.subject),
                    "text": .string(finding.text), "remedy": .optional(finding.remedy),
                ]
            }
            Console.result(JSONValue.array(list).text)
        case .text:
            for finding in findings {
                let remedy = finding.remedy.map { "\n         \($0)" } ?? ""
                let word = finding.severity.rawValue
                let gap = String(repeating: " ", count: 9 - word.count)
                Console.result("\(word)\(gap)\(finding.subject): \(finding.text)\(remedy)")
            }
        }
        if findings.contains(where: { $0.severity == .error }) { throw ExitCode.notClean }
    }
}
