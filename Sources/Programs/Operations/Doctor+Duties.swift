import Gateway
import HTTPMessages
import StrictJSON

/// What the running gateway does again and again.
extension Doctor {
    /// Reports each duty of the gateway that listens where the configuration says.
    ///
    /// The gateway is asked for `/duties`, because only it knows them. One that does not run has none.
    ///
    /// What other gateways on the same database do is told by the doctor beside them.
    func examineDuties(
        _ configuration: GatewayConfiguration,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        guard let place = configuration.http.ownAddress else {
            return found.ok("duties", "the gateway takes a free port; ask for /duties at the address that it prints")
        }
        let request = HTTPRequest(url: place + "/duties", timeout: .seconds(5), maximumResponseBytes: 1 << 20)
        guard let response = try? await surroundings.transport.send(request) else {
            return found.ok("duties", "no gateway answers at \(place), so that none is done from here")
        }
        guard response.status == 200, let list = try? JSONValue(parsing: response.body)["data"]?.arrayValue else {
            return found.warning(
                "duties",
                "what listens at \(place) is no gateway of this version",
                "start this gateway there, or name another port in http.port"
            )
        }
        for duty in list { examine(duty, &found) }
        await examineConditions(at: place, surroundings, &found)
    }

    /// Reports each condition of the running gateway: the lines of `/readyz` after the first, without those of duties.
    private func examineConditions(
        at place: String,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        let request = HTTPRequest(url: place + "/readyz", timeout: .seconds(5), maximumResponseBytes: 1 << 20)
        guard let response = try? await surroundings.transport.send(request) else { return }
        for line in String(decoding: response.body, as: UTF8.self).split(separator: "\n").dropFirst() {
            guard !line.hasPrefix("duty "), let colon = line.firstRange(of: ": ") else { continue }
            found.warning(
                "condition \(line[..<colon.lowerBound])",
                String(line[colon.upperBound...]),
                "/readyz and the metrics show it until it is over"
            )
        }
    }

    private func examine(_ duty: JSONValue, _ found: inout Findings) {
        let subject = "duty \(duty["name"]?.stringValue ?? "without a name")"
        let last = duty["last_success"]?.stringValue.map { "last done \($0)" } ?? "never done since the gateway started"
        switch duty["state"]?.stringValue {
        case "running": found.ok(subject, "running; \(last)")
        case "waiting": found.ok(subject, "waiting; \(last)")
        case "elsewhere": found.ok(subject, "another gateway on this database does it; here \(last)")
        default:
            let causes = (duty["causes"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
            let (since, times) = (duty["failing_since"]?.stringValue, duty["failures"]?.integerValue ?? 0)
            found.warning(
                subject,
                "failing since \(since ?? "an unknown time"), \(times) times in a row (\(causes)); \(last)",
                "the gateway's log has the words; it is tried again by itself"
            )
        }
    }
}

extension GatewayConfiguration.HTTP {
    /// Where the gateway is reached on its own machine; nil when it takes a free port.
    fileprivate var ownAddress: String? {
        guard port != 0 else { return nil }
        let name =
            switch host {
            case "0.0.0.0": "127.0.0.1"
            case "::": "[::1]"
            default: host.contains(":") ? "[\(host)]" : host
            }
        return "http://\(name):\(port)"
    }
}
