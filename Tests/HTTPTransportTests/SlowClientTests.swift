import HTTPMessages
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import HTTPServer

@Suite("A slow client")
struct SlowClientTests {
    private static let limits = ConnectionDeadlines.Limits()

    @Test("is waited for until the deadline of the head or body, however it drips")
    func deadlines() {
        // A new connection without a whole head.
        var patience = ConnectionDeadlines(Self.limits, openedAt: .seconds(100))
        #expect(patience.deadline == .seconds(110) && patience.isIdle)
        // A body below the least rate: the bytes extend the deadline by less than they took.
        patience.readHead(at: .seconds(105))
        for second in 1..<60 {
            patience.readBody(100)
            let isOver = (patience.deadline ?? .zero) <= .seconds(105 + second)
            #expect(isOver == (second >= 10), "\(second)")
        }
        // A client with a whole request waits for the answer as long as that takes.
        patience.readEnd(at: .seconds(170))
        #expect(patience.deadline == nil && !patience.isIdle)
        patience.wroteEnd(at: .seconds(900))
        #expect(patience.deadline == .seconds(960) && patience.isIdle)
    }

    @Test("that sends a body at the least rate or faster is not cut off", arguments: [4_096, 5_000, 1 << 20])
    func honestBodies(rate: Int) {
        var patience = ConnectionDeadlines(Self.limits, openedAt: .zero)
        patience.readHead(at: .zero)
        for second in 1...300 {
            #expect((patience.deadline ?? .zero) > .seconds(second))
            patience.readBody(rate)
        }
    }

    @Test("is cut off when it does not read its answer, and when it goes on with a body after the answer")
    func takers() {
        var patience = ConnectionDeadlines(Self.limits, openedAt: .zero)
        patience.readHead(at: .seconds(1))
        patience.wroteEnd(at: .seconds(2))
        #expect(patience.deadline == .seconds(7))
        patience.readBody(1 << 20)
        #expect(patience.deadline == .seconds(7), "the body still extended the deadline after the answer")
        patience.readEnd(at: .seconds(3))
        patience.readHead(at: .seconds(4))
        patience.readEnd(at: .seconds(4))
        patience.writes(areTaken: false, at: .seconds(10))
        patience.writes(areTaken: false, at: .seconds(20))
        #expect(patience.deadline == .seconds(40))
        patience.writes(areTaken: true, at: .seconds(21))
        #expect(patience.deadline == nil)
    }

    @Test("loses its connection first when there are too many; connections with a request stay")
    func tooMany() throws {
        let connections = OpenConnections(maximum: 3)
        let channels = (0..<4).map { _ in EmbeddedChannel() }
        for channel in channels { try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait() }
        func open() -> [Bool] {
            for channel in channels { channel.embeddedEventLoop.run() }
            return channels.map(\.isActive)
        }
        var tickets: [UInt64] = []
        for channel in channels.prefix(3) {
            #expect(connections.makeRoom())
            connections.open()
            tickets.append(connections.wait(channel))
        }
        // The one that came first has a request by now.
        connections.leave(tickets[0])
        #expect(!connections.makeRoom() && !connections.makeRoom(), "room was given before a connection had closed")
        #expect(open() == [true, false, true, true], "one connection is closed, however often room is asked for")
        connections.leave(tickets[1])
        connections.close()
        #expect(connections.makeRoom())
        connections.open()
        // While all have requests none is closed; the first one without a request is closed.
        connections.leave(tickets[2])
        #expect(!connections.makeRoom())
        let last = connections.wait(channels[3])
        #expect(open() == [true, false, true, true], "a new connection was closed before it could send a request")
        _ = connections.wait(channels[2])
        #expect(open() == [true, false, true, false])
        connections.leave(last)
        connections.close()
        #expect(connections.makeRoom())
    }

    @Test(
        "is cut off by a real server wherever it stops",
        arguments: [
            "", "G", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123",
        ]
    )
    func overASocket(sent: String) async throws {
        var configuration = HTTPServer.Configuration()
        configuration.patience.firstHead = .milliseconds(50)
        configuration.patience.body = .milliseconds(50)
        let server = try await HTTPServer.start(
            configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: .init(respond: { _ in HTTPResponse(status: 200, fields: [], body: []) })
        )
        #expect(
            await RawSocket.untilClosed(port: server.port, sending: sent),
            "the server never closed the connection"
        )
        await server.stop()
    }

    @Test("that sends more and more requests without reading an answer is cut off before they fill the memory")
    func flood() async throws {
        let answered = Mutex(0)
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: .init { _ in
                answered.withLock { $0 += 1 }
                return HTTPResponse(status: 200, fields: [], body: [UInt8](repeating: 0x61, count: 1 << 20))
            }
        )
        // A request has 26 bytes on the wire and takes kilobytes once it is read.
        let requests = String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 2_000)
        #expect(
            await RawSocket.untilClosed(port: server.port, sending: requests),
            "the server never closed the connection"
        )
        #expect(answered.withLock { $0 } <= 17)
        await server.stop()
    }
}
