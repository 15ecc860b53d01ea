import Foundation
import UnmaskModel

/// Where the picture made of each image is written: a file for one image, or files in a folder, called as the images are.
struct PicturePlaces {
    private let places: [String: String]

    /// - Parameters:
    ///   - out: a folder, made where there is none, where it ends in `/`, is one, or there are several images; else a file.
    ///   - option: by which a person gave it.
    init(_ out: String, of images: [String], option: String) throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: out, isDirectory: &isFolder)
        guard images.count > 1 || out.hasSuffix("/") || (exists && isFolder.boolValue) else {
            places = Dictionary(images.map { ($0, out) }, uniquingKeysWith: { first, _ in first })
            return
        }
        guard !exists || isFolder.boolValue else {
            throw ModelError.invalidRequest("\(option) \(out): a file; \(images.count) pictures need a folder")
        }
        var taken: [String: String] = [:]
        var places: [String: String] = [:]
        for image in images where places[image] == nil {
            let name = ((image as NSString).lastPathComponent as NSString).deletingPathExtension + ".png"
            if let other = taken.updateValue(image, forKey: name) {
                throw ModelError.invalidRequest(
                    "\(option) \(out): the pictures of \(other) and \(image) would both be \(name): give them one folder each"
                )
            }
            places[image] = (out as NSString).appendingPathComponent(name)
        }
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        } catch {
            throw ModelError.unreadable("\(option) \(out): cannot be made: \(error.localizedDescription)")
        }
        self.places = places
    }

    /// Of one of the images.
    subscript(image: String) -> String { places[image] ?? "" }
}
