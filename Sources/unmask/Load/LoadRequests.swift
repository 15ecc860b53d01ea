import ArgumentParser
import Foundation
import UnmaskClient
import UnmaskImage

/// How a load's images travel.
enum ImageTransport: String, CaseIterable, ExpressibleByArgument {
    case frame, base64, path
}

/// The requests of a load, prepared once.
struct LoadRequests {
    var method: String
    /// The text of a JSON object, to which images are added.
    var params: String
    var transport: ImageTransport
    var imagesPerRequest: Int

    /// One request for each image, or for each few of them: request `i` begins with image `i`.
    func make(paths: [String]) throws -> [EncodedRequest] {
        guard !paths.isEmpty else { return [try request([], path: { _ in "" })] }
        let images = try transport == .path ? [] : paths.map { Array(try Data(contentsOf: URL(fileURLWithPath: $0))) }
        return try paths.indices.map { first in
            let chosen = (0..<imagesPerRequest).map { (first + $0) % paths.count }
            return try request(
                transport == .path ? chosen.map { _ in [] } : chosen.map { images[$0] },
                path: { URL(fileURLWithPath: paths[chosen[$0]]).path })
        }
    }

    func make(images: [[UInt8]]) throws -> [EncodedRequest] {
        try images.indices.map { first in
            try request((0..<imagesPerRequest).map { images[(first + $0) % images.count] }, path: { _ in "" })
        }
    }

    /// - Parameter path: of image `i` of the request.
    private func request(_ images: [[UInt8]], path: (Int) -> String) throws -> EncodedRequest {
        let sources = images.indices.map { index in
            switch transport {
            case .frame: #"{"frame":\#(index)}"#
            case .base64: #"{"base64":"\#(Data(images[index]).base64EncodedString())"}"#
            case .path: jsonLine { $0.field("path", path(index)) }
            }
        }
        let members = images.isEmpty ? [] : [(name: "images", value: "[" + sources.joined(separator: ",") + "]")]
        return EncodedRequest(
            method: method, params: try CallRequest.adding(members, to: params),
            frames: transport == .frame ? images : [])
    }

    /// PNG files of arbitrary pixels, no two equal.
    static func synthetic(count: Int, size: ImageSize) throws -> [[UInt8]] {
        try (0..<count).map { index in
            let (height, width) = (size.sides[0], size.sides[1])
            return try PixelImage(
                width: width, height: height, channels: 3,
                pixels: (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 * 31 + index * 7) }
            ).pngData()
        }
    }
}
