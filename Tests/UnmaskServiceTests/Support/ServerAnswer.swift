/// An answer's line as Foundation reads it, and its frames.
struct ServerAnswer: Decodable, Sendable {
    /// Nil also where it is text.
    var id: Int?
    var jsonrpc: String?
    var result: ResultBody?
    var error: ErrorBody?
    var bytes: [Int]?
    var frames: [[UInt8]] = []
    var text = ""

    private enum CodingKeys: CodingKey { case id, jsonrpc, result, error, bytes }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        id = try? members.decodeIfPresent(Int.self, forKey: .id)
        jsonrpc = try members.decodeIfPresent(String.self, forKey: .jsonrpc)
        result = try members.decodeIfPresent(ResultBody.self, forKey: .result)
        error = try members.decodeIfPresent(ErrorBody.self, forKey: .error)
        bytes = try members.decodeIfPresent([Int].self, forKey: .bytes)
    }

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
        var ready: Bool?
        var cancelled: Bool?
        var cosine: Double?
        var drained: Bool?
        var models: [ModelState]?
    }

    struct Item: Decodable, Sendable {
        var embedding: Payload?
        var png: Payload?
        var pixels: Payload?
        var scales: [Float]?
        var shape: [Int]?
        var labels: [Label]?
        var patchErrors: [Float]?
        var error: ErrorBody?
    }

    /// A model, which `hello` and `reload` give by its name alone.
    struct ModelState: Decodable, Sendable {
        var name: String
        var loaded: Bool?
        var golden: String?
        var problem: String?

        private enum CodingKeys: CodingKey { case name, loaded, golden, problem }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                self.name = name
                return
            }
            let members = try decoder.container(keyedBy: CodingKeys.self)
            name = try members.decode(String.self, forKey: .name)
            loaded = try members.decodeIfPresent(Bool.self, forKey: .loaded)
            golden = try members.decodeIfPresent(String.self, forKey: .golden)
            problem = try members.decodeIfPresent(String.self, forKey: .problem)
        }
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
