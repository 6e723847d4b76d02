import CProcessShims
import Glibc

/// What keeps a process's memory and files to itself.
package enum ProcessSecrecy {
    /// No core dump, no debugger of another process, and no file that others can read; before anything secret is there.
    package static func begin() {
        _ = process_shim_hide_memory()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        umask(0o077)
    }
}
