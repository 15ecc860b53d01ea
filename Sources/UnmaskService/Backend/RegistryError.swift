/// Why a model cannot be offered.
public enum RegistryError: Error, Equatable, CustomStringConvertible {
    case noModel
    case duplicateName(String)
    case goldenMismatch(String, String)

    public var description: String {
        switch self {
        case .noModel: "a server needs at least one model: name one with --model"
        case .duplicateName(let name): "two models are named \"\(name)\": give one of them another name, NAME=PATH"
        case .goldenMismatch(let name, let difference):
            "\(name) does not make of the golden image what its file says: \(difference). The file or this build is "
                + "damaged: convert the checkpoint again"
        }
    }
}
