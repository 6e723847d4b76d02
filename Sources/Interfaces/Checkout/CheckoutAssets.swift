import Cryptography
import HTTPMessages
import Mustache

/// The files of the page, which are part of the program.
enum CheckoutAssets {
    /// A hash of the files, which is part of their addresses, so that browsers may keep them for ever.
    static let version = Hex.encode(
        SHA256.hash(PackageResources.checkout_css + PackageResources.checkout_js).prefix(6)
    )

    /// The page.
    static let template: MustacheTemplate? = try? MustacheTemplate(
        string: String(decoding: PackageResources.checkout_mustache, as: UTF8.self)
    )

    /// A file of the page by its name; returns nil when there is no such file.
    static func file(_ name: String) -> HTTPResponse? {
        let forEver = HTTPField("Cache-Control", "public, max-age=31536000, immutable")
        return switch name {
        case "checkout.css": response(PackageResources.checkout_css, "text/css; charset=utf-8", [forEver])
        case "checkout.js": response(PackageResources.checkout_js, "text/javascript; charset=utf-8", [forEver])
        default: nil
        }
    }

    /// The gateway's icon in wallets, 180 pixels wide.
    static let icon = response(
        PackageResources.tonconnect_icon_png,
        "image/png",
        [HTTPField("Cache-Control", "public, max-age=86400"), HTTPField("Access-Control-Allow-Origin", "*")]
    )

    /// A script or its types, for merchants' own pages; returns nil when there is no such file.
    static func script(_ name: String) -> HTTPResponse? {
        let fields = [HTTPField("Cache-Control", "public, max-age=300"), HTTPField("Access-Control-Allow-Origin", "*")]
        return switch name {
        case "settlegate.js": response(PackageResources.settlegate_js, "text/javascript; charset=utf-8", fields)
        case "settlegate.d.ts": response(PackageResources.settlegate_d_ts, "application/typescript", fields)
        default: nil
        }
    }

    private static func response(_ body: [UInt8], _ type: String, _ fields: [HTTPField]) -> HTTPResponse {
        let safe = HTTPField("X-Content-Type-Options", "nosniff")
        return HTTPResponse(status: 200, fields: [HTTPField("Content-Type", type), safe] + fields, body: body)
    }
}
