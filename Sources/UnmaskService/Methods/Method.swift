/// The methods that the service answers. One file each in this folder.
enum Method: String, CaseIterable, Sendable {
    case hello, info, health, embed, classify, reconstruct
}
