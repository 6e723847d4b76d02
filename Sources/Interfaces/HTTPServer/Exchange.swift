package import HTTPMessages

// The library beneath has types of the same names; here requests and responses are named by their direction.

/// A request that came in.
package typealias ReceivedRequest = HTTPRequest
/// A response that goes out.
package typealias SentResponse = HTTPResponse
/// A field of a head.
package typealias HeadField = HTTPField
