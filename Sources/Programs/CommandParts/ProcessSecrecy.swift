import CProcessShims
import Glibc

/// Keeps other processes from a process's memory and files.
package enum ProcessSecrecy {
    /// Forbids core dumps, debuggers and files that others can read; called before any secret is loaded.
    package static func begin() {
        _ = process_shim_hide_memory()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        umask(0o077)
    }
}
