/// A JSON object in the words that are known of it, and with all of its members: for those who have to say what they do
/// not know. Read from the file once.
struct WholeObject<Known: Decodable>: Decodable {
    let known: Known
    let members: [String: JSONMember]

    init(from decoder: any Decoder) throws {
        known = try Known(from: decoder)
        members = try [String: JSONMember](from: decoder)
    }
}
