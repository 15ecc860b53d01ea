/// An answer's line as Foundation reads it, and its frames.
struct ServerAnswer: Decodable, Sendable {
    var id: Int?
    var jsonrpc: String?
    var result: ResultBody?
    var error: ErrorBody?
    var bytes: [Int]?
    var frames: [[UInt8]] = []
    var text = ""

    private enum CodingKeys: CodingKey { case id, jsonrpc, result, error, bytes }

    struct ErrorBody: Decodable, Sendable {
        var code: Int
        var type: String
        var message: String
        var retryAfterMs: Int?
    }

    struct ResultBody: Decodable, Sendable {
        var results: [Item]?
        var failed: Int?
        var status: String?
        var methods: [String]?
        var timingUs: [String: Int]?
        var idsKeep: [Int]?
        var mask: [Int]?
        var normPixStatistics: Bool?
    }

    struct Item: Decodable, Sendable {
        var embedding: Payload?
        var png: Payload?
        var shape: [Int]?
        var labels: [Label]?
        var patchErrors: [Float]?
        var error: ErrorBody?
    }

    struct Label: Decodable, Sendable {
        var label: String
        var index: Int
        var probability: Float
    }

    enum Payload: Decodable, Sendable, Equatable {
        case numbers([Float])
        case base64(String)
        case frame(Int)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let numbers = try? container.decode([Float].self) {
                self = .numbers(numbers)
            } else if let text = try? container.decode(String.self) {
                self = .base64(text)
            } else {
                self = .frame(try container.decode([String: Int].self)["frame"] ?? -1)
            }
        }
    }
}
