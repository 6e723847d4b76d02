import Glibc

/// The file of a keystore, readable only by its owner, and replaced atomically.
enum KeystoreFile {
    private static let maximumBytes = 16 << 20

    static func read(_ path: String) throws(KeystoreError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw KeystoreError(
                .notFound,
                "there is no readable keystore \(path); make one with 'settlegate keys create'"
            )
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw KeystoreError(.malformed, "the permissions of \(path) cannot be read")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw KeystoreError(.readableByOthers, "\(path) can be read by others; run 'chmod 600 \(path)'")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else { throw KeystoreError(.malformed, "\(path) is too large") }
        }
        return bytes
    }

    /// Writes a new file beside the old one, makes it durable, and renames it over the old one.
    static func replace(_ path: String, with bytes: [UInt8]) throws(KeystoreError) {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw KeystoreError(.unwritable, "\(temporary) cannot be written") }
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            offset += count
        }
        let isDurable = offset == bytes.count && fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
        close(descriptor)
        guard isDurable, unsafe rename(temporary, path) == 0 else {
            unsafe unlink(temporary)
            throw KeystoreError(.unwritable, "\(path) could not be replaced; the old one is untouched")
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = unsafe open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }
}
