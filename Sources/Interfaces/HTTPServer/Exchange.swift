package import HTTPMessages

// The types of requests and responses have the same names in the library beneath: here they go by their direction.

/// A request that came in.
package typealias ReceivedRequest = HTTPRequest
/// A response that goes out.
package typealias SentResponse = HTTPResponse
/// A field of a head.
package typealias HeadField = HTTPField
