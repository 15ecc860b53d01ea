import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// What each pixel of a `fit`'s images is: of each image a PNG of its upright size, or raw pixels of one channel, whose samples
/// are numbers of classes.
struct ExampleMasks: Sendable {
    private let sources: [ImageSource]
    /// Of the numbers from 0 on; nil: they are their own names.
    private let names: [String]?
    private let ignored: Int?

    static let members = ["masks", "classes", "ignore", "hidden"]

    /// What a head learns of the masks.
    struct Lesson: Sendable {
        let points: PointLabels
        let labels: [String]
        let facts: [String: String]
    }

    /// Reads `masks`, `classes` and `ignore`.
    /// - Parameter images: of which each has one.
    init(_ parameters: Parameters, _ request: Request, images: Int) throws(ServiceError) {
        guard case .array(let elements)? = parameters["masks"] else {
            throw parameters.mismatch("masks", "an array of masks, one for each image")
        }
        guard elements.count == images else {
            throw parameters.mismatch("masks", "one for each of the \(images) images", found: "\(elements.count) masks")
        }
        var sources: [ImageSource] = []
        for (index, element) in elements.enumerated() {
            sources.append(try Parameters.image(element, at: "params.masks[\(index)]", frames: request.frames))
        }
        self.sources = sources
        names = try parameters.strings("classes")
        if let names, Set(names).count < names.count || names.count < 2 || names.contains("") {
            throw parameters.mismatch("classes", "2 different names or more, of the masks' numbers from 0 on")
        }
        ignored = try parameters.integer("ignore", in: 0...255)
    }

    /// Reads the masks. Blocks.
    /// - Parameters:
    ///   - images: whose masks they are.
    ///   - grid: how the model's patches lie.
    func lesson(
        of images: [ImageSource], _ run: ImageRequest, grid: PatchGrid, _ loader: ImageLoader
    ) throws(ServiceError) -> Lesson {
        var points: [[UInt8?]] = []
        var isPresent = [Bool](repeating: false, count: 256)
        for (index, (image, mask)) in zip(images, sources).enumerated() {
            do throws(ServiceError) {
                let map = try loader.mask(mask, of: image)
                points.append(try run.numbers(of: map, grid: grid))
                for number in map.numbers { isPresent[Int(number)] = true }
            } catch {
                throw ServiceError(error.type, "params.masks[\(index)]: \(error.message)")
            }
        }
        let present = (0...255).filter { isPresent[Int($0)] }.map { UInt8($0) }
        let rule = ignored.map(MaskNumbers.init(ignored:)) ?? MaskNumbers(usual: present)
        let count = rule.count(of: present)
        let labels = names ?? (0..<count).map(String.init)
        do throws(HeadError) {
            return Lesson(
                points: try rule.labels(
                    of: points, present: present, grid: grid, classes: labels.count, in: "params.masks"),
                labels: labels, facts: rule.facts)
        } catch {
            throw ServiceError(error)
        }
    }
}

extension ImageLoader {
    /// A mask, of the size that its image has upright. Blocks.
    fileprivate func mask(_ mask: ImageSource, of image: ImageSource) throws(ServiceError) -> LabelMap {
        let map = try map(of: mask)
        let size: (width: Int, height: Int)
        if case .pixels(let raw) = image {
            size = (raw.width, raw.height)
        } else {
            let bytes = try encoded(image)
            do throws(ImageError) {
                let upright = try UprightSize(of: bytes, limits: limits)
                size = (upright.width, upright.height)
            } catch {
                throw ServiceError(ErrorType(rawValue: error.type) ?? .imageDecodeFailed, "its image: \(error.message)")
            }
        }
        guard map.width == size.width, map.height == size.height else {
            throw ServiceError(
                .invalidParams,
                "the mask is \(map.width) × \(map.height), the upright image \(size.width) × \(size.height): expected the same"
            )
        }
        return map
    }

    private func map(of mask: ImageSource) throws(ServiceError) -> LabelMap {
        if case .pixels(let raw) = mask {
            let image = try raw.image(limits)
            guard image.channels == 1 else {
                throw ServiceError(.invalidParams, "the mask has \(image.channels) channels: expected one, of numbers")
            }
            return LabelMap(width: image.width, height: image.height, numbers: image.pixels)
        }
        let bytes = try encoded(mask)
        do throws(ImageError) { return try LabelMap(png: bytes, limits: limits) } catch {
            throw ServiceError(ErrorType(rawValue: error.type) ?? .imageDecodeFailed, error.message)
        }
    }

    private func encoded(_ source: ImageSource) throws(ServiceError) -> [UInt8] {
        switch source {
        case .path(let path): try allowedPaths.contents(of: path, limits)
        case .encoded(let bytes): try bytes.read(limits)
        case .pixels: throw ServiceError(.imageUnsupported, "pixels are no encoded image")
        }
    }
}

extension ImageRequest {
    /// What a mask has at the points that a head learns of; nil in the padding around the image.
    fileprivate func numbers(of map: LabelMap, grid: PatchGrid) throws(ServiceError) -> [UInt8?] {
        let (rows, columns) = (PointLabels.shares(tokens: grid.rows), PointLabels.shares(tokens: grid.columns))
        guard case .recipe(let choice) = preparation else {
            // Without a recipe the model sees the image as it is.
            return map.numbers(
                rows: rows.map { Int($0 * Double(map.height)) }, columns: columns.map { Int($0 * Double(map.width)) })
        }
        do throws(ImageError) {
            let view = try model.backend.view(of: choice, width: map.width, height: map.height)
            return map.numbers(
                rows: rows.map { view.rows.pixel(atShare: $0) },
                columns: columns.map { view.columns.pixel(atShare: $0) })
        } catch {
            throw ServiceError(ErrorType(rawValue: error.type) ?? .imageDecodeFailed, error.message)
        }
    }
}
