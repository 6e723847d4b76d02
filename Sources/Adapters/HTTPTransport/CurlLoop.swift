import CCurl
import CCurlShims
import Foundation
import HTTPMessages
import Synchronization

/// The thread that owns libcurl's multi handle.
final class CurlLoop: Sendable {
    private enum Command: Sendable {
        case start(CurlTransfer)
        case cancel(CurlTransfer)
        case stop
    }

    /// The multi handle, which is shared by threads: the loop uses it, and others only wake it up.
    // The wake-up is called under the lock of `commands`, before the loop can take the stop after which it frees the
    // handle; every other call is the loop's.
    // Proof: curl_multi_wakeup(3): "This function can be called from any thread".
    @safe private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private static let globalSetUp: Void = {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    }()

    private let multi: MultiHandle
    private let commands = Mutex<(queue: [Command], isStopped: Bool)>(([], false))

    init(connectionsPerHost: Int, connections: Int) {
        _ = Self.globalSetUp
        guard let pointer = unsafe curl_multi_init() else { preconditionFailure("curl_multi_init returned no handle") }
        _ = unsafe curl_shim_multi_set_long(pointer, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        // Further transfers wait until one of these ends.
        _ = unsafe curl_shim_multi_set_long(pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
        multi = unsafe MultiHandle(pointer: pointer)
        let thread = Thread { [self] in run() }
        thread.name = "settlegate.curl"
        thread.start()
    }

    func start(_ transfer: CurlTransfer) {
        if !enqueue(.start(transfer)) { transfer.fail(HTTPTransportError(.invalidRequest, "the transport is closed")) }
    }

    func cancel(_ transfer: CurlTransfer) { _ = enqueue(.cancel(transfer)) }

    func stop() { _ = enqueue(.stop) }

    private func enqueue(_ command: Command) -> Bool {
        commands.withLock { state in
            guard !state.isStopped else { return false }
            if case .stop = command { state.isStopped = true }
            state.queue.append(command)
            // Under the lock: the loop frees the handle only after it has taken the stop from the queue.
            unsafe curl_multi_wakeup(multi.pointer)
            return true
        }
    }

    private func run() {
        var running: [UnsafeMutableRawPointer: CurlTransfer] = unsafe [:]
        while true {
            let due = commands.withLock { state in
                defer { state.queue = [] }
                return state.queue
            }
            for command in due {
                switch command {
                case .start(let transfer):
                    if let handle = unsafe transfer.open() {
                        unsafe running[handle] = transfer
                        unsafe curl_multi_add_handle(multi.pointer, handle)
                    }
                case .cancel(let transfer):
                    transfer.fail(HTTPTransportError(.cancelled, "the task was cancelled"))
                    if let handle = unsafe transfer.handle, unsafe running.removeValue(forKey: handle) != nil {
                        end(transfer)
                    }
                case .stop:
                    let left = unsafe Array(running.values)
                    for transfer in left {
                        transfer.fail(HTTPTransportError(.connectionLost, "the transport was closed"))
                        end(transfer)
                    }
                    unsafe curl_multi_cleanup(multi.pointer)
                    return
                }
            }
            var count: Int32 = 0
            unsafe curl_multi_perform(multi.pointer, &count)
            var handle: UnsafeMutableRawPointer?
            var result = CURLE_OK
            while unsafe curl_shim_next_done(multi.pointer, &handle, &result) == 1 {
                guard let handle = unsafe handle, let transfer = unsafe running.removeValue(forKey: handle) else {
                    continue
                }
                transfer.finish(result)
                end(transfer)
            }
            unsafe curl_multi_poll(multi.pointer, nil, 0, 1_000, nil)
        }
    }

    private func end(_ transfer: CurlTransfer) {
        guard let handle = unsafe transfer.handle else { return }
        unsafe curl_multi_remove_handle(multi.pointer, handle)
        transfer.close()
    }
}
