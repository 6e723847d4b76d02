package import Cryptography
import Foundation
import Glibc

/// The passphrase of the keystore: from the environment, a file, a descriptor, or a credential of systemd.
package enum Passphrase {
    /// The most bytes of a passphrase.
    private static let limit = 4_096

    /// Takes the passphrase that belongs to a variable, and removes it from the process's environment.
    ///
    /// For the variable `SETTLEGATE_PASSPHRASE` it comes in one of these ways: in `SETTLEGATE_PASSPHRASE` itself; in a
    /// file that only its owner can read, whose path is in `SETTLEGATE_PASSPHRASE_FILE`; from an open descriptor, whose
    /// number is in `SETTLEGATE_PASSPHRASE_FD`; or in a credential of that name (`LoadCredential=` of systemd, in
    /// `CREDENTIALS_DIRECTORY`). A line break at its end is ignored.
    ///
    /// - Throws: ``ConfigurationError`` when there is none, or more than one way is used.
    package static func take(
        _ variable: String,
        environment: [String: String]
    ) throws(ConfigurationError) -> SecretBytes {
        var found: [SecretBytes] = []
        if let text = environment[variable], !text.isEmpty {
            found.append(SecretBytes(Array(text.utf8)))
            forget(variable)
        }
        if let path = environment[variable + "_FILE"] { found.append(try read(file: path, isPrivate: true)) }
        if let text = environment[variable + "_FD"] {
            guard let descriptor = Int32(text), descriptor >= 0 else {
                throw ConfigurationError("\(variable)_FD has to be the number of a descriptor")
            }
            found.append(try read(descriptor, called: "\(variable)_FD"))
        }
        if let folder = environment["CREDENTIALS_DIRECTORY"], unsafe access("\(folder)/\(variable)", F_OK) == 0 {
            found.append(try read(file: "\(folder)/\(variable)", isPrivate: false))
        }
        guard let passphrase = found.first, passphrase.count > 0 else {
            throw ConfigurationError("the passphrase is not there: set \(variable), \(variable)_FILE or \(variable)_FD")
        }
        guard found.count == 1 else { throw ConfigurationError("the passphrase comes in more than one way; leave one") }
        return passphrase
    }

    /// Overwrites a variable where the system exposes it (`/proc/…/environ`), and removes it.
    private static func forget(_ variable: String) {
        guard let value = unsafe getenv(variable) else { return }
        unsafe memset(value, 0, strlen(value))
        unsafe unsetenv(variable)
    }

    private static func read(file path: String, isPrivate: Bool) throws(ConfigurationError) -> SecretBytes {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ConfigurationError("the passphrase's file \(path) cannot be read") }
        let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        // systemd gives a credential to one unit only, whatever its mode.
        guard !isPrivate || (mode ?? 0o777) & 0o077 == 0 else {
            close(descriptor)
            throw ConfigurationError("others can read the passphrase's file \(path): chmod 600 it")
        }
        return try read(descriptor, called: path)
    }

    /// Reads to the end, and closes.
    private static func read(_ descriptor: Int32, called name: String) throws(ConfigurationError) -> SecretBytes {
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var length = 0
        while length < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + length }, buffer.count - length)
            }
            guard count >= 0 else { throw ConfigurationError("the passphrase cannot be read from \(name)") }
            guard count > 0 else { break }
            length += count
        }
        guard length <= limit else { throw ConfigurationError("the passphrase in \(name) is too long") }
        var line = Array(bytes[..<length])
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        unsafe memset(&bytes, 0, bytes.count)
        return SecretBytes(line)
    }
}
