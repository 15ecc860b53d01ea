/// The methods that the service answers. One file each in this folder.
enum Method: String, CaseIterable, Sendable {
    case hello, info, health, ready, stats
    case embed, classify, segment, score, reconstruct, compare
    case indexSearch = "index.search"
    case indexInfo = "index.info"
    case indexPicture = "index.picture"
    case indexMap = "index.map"
    case indexAdd = "index.add"
    case indexDelete = "index.delete"
    case cancel
    case load, unload, reload, drain
    case fit
    case headLoad = "head.load"
    case headUnload = "head.unload"
    case logLevel = "log_level"

    /// For the Unix socket, or with the token.
    var isAdministration: Bool {
        switch self {
        case .indexAdd, .indexDelete, .load, .unload, .reload, .drain, .fit, .headLoad, .headUnload, .logLevel: true
        default: false
        }
    }
}
