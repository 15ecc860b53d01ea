import Foundation

/// An image to send, encoded as JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC.
public enum ImageInput: Sendable, Hashable {
    /// The file's bytes, which travel as a raw frame.
    case bytes([UInt8])
    /// A file of this machine, which is read and sent as `bytes`.
    case file(String)
    /// A file of the server's, inside a folder that its `--allow-path` names.
    case serverPath(String)

    /// As it stands in `images`; its bytes, where it has any, are added to the frames.
    func parameter(addingTo frames: inout [[UInt8]]) throws -> ImageParameter {
        switch self {
        case .serverPath(let path):
            return ImageParameter(path: path)
        case .bytes(let bytes):
            frames.append(bytes)
        case .file(let path):
            do {
                frames.append(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
            } catch {
                throw ServiceClientError.invalidRequest("\(path) cannot be read: \(error.localizedDescription)")
            }
        }
        return ImageParameter(frame: frames.count - 1)
    }
}

struct ImageParameter: Encodable {
    var path: String?
    var frame: Int?
}
