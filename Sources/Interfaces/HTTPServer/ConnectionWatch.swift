import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose other side takes too long; see ``ConnectionDeadlines``.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ConnectionDeadlines.Limits
    private let connections: OpenConnections
    private var patience: ConnectionDeadlines?
    private var ticket: UInt64?
    private var timer: Scheduled<Void>?
    private var timerFires: Duration?
    private var isClosing = false

    init(limits: ConnectionDeadlines.Limits, connections: OpenConnections) {
        self.limits = limits
        self.connections = connections
    }

    private static var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        patience = nil
        if let ticket { connections.leave(ticket) }
        ticket = nil
        context.fireChannelInactive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard patience == nil else { return }
        patience = ConnectionDeadlines(limits, openedAt: Self.now)
        update(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Messages that arrived together are still read after the connection is closed.
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head: patience?.readHead(at: Self.now)
        case .body(let bytes): patience?.readBody(bytes.readableBytes)
        case .end: patience?.readEnd(at: Self.now)
        }
        guard patience?.isFlooded != true else {
            isClosing = true
            context.close(promise: nil)
            return
        }
        update(context)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            patience?.wroteEnd(at: Self.now)
            update(context)
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        patience?.writes(areTaken: context.channel.isWritable, at: Self.now)
        update(context)
        context.fireChannelWritabilityChanged()
    }

    /// Takes or gives up its place among the waiting connections, and sets the timer for the deadline.
    private func update(_ context: ChannelHandlerContext) {
        guard let patience else { return }
        if patience.isIdle != (ticket != nil) {
            if let ticket {
                connections.leave(ticket)
                self.ticket = nil
            } else {
                ticket = connections.wait(context.channel)
            }
        }
        // A timer that fires too early only looks again; a timer that would fire too late is set anew.
        guard let deadline = patience.deadline, timerFires.map({ deadline < $0 }) ?? true else { return }
        timer?.cancel()
        timerFires = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(
            deadline: .uptimeNanoseconds(
                UInt64(clamping: deadline.components.seconds) * 1_000_000_000
                    + UInt64(clamping: deadline.components.attoseconds / 1_000_000_000)
            )
        ) {
            self.timerFires = nil
            self.timer = nil
            self.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        guard let deadline = patience?.deadline else { return }
        guard deadline <= Self.now else { return update(context) }
        context.close(promise: nil)
    }
}
