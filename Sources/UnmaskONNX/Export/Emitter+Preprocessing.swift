internal import UnmaskGraph

extension Emitter {
    /// Puts samples of 0…255, bytes or float32, in the place of an input of normalised pixels [B, C, H, W], and what leads
    /// from one to the other behind it. All of it in float32.
    ///
    /// Both axes are resampled one after the other, rounding half up to whole numbers between 0 and 255 after each, as
    /// Pillow does on bytes; the sizes and the crop's offsets are torchvision's to the pixel.
    mutating func emitPreprocessing(
        _ preparation: ExportPreprocessing, of input: ExportValue, at place: Int
    ) throws(ONNXExportError) -> String {
        guard case let sides = input.shape.dimensions, let channels = sides[1].bound(by: [:]),
            let height = sides[2].bound(by: [:]), let width = sides[3].bound(by: [:])
        else { throw .unsupported(node: input.name, "the model's image size is not known") }
        let name = ExportPreprocessing.result
        result.inputs[place].type = preparation.samples == .u8 ? .u8 : .f32
        var source: (height: Dimension, width: Dimension) = (.symbol("H"), .symbol("W"))
        if case .matrices(_, _, _, let sourceHeight, let sourceWidth) = preparation.resampling {
            source = (.fixed(sourceHeight), .fixed(sourceWidth))
        }
        result.inputs[place].shape = [sides[0], .fixed(channels), source.height, source.width]
        var x = options.layout == .nhwc ? planes(of: result.inputs[place], at: place) : input.name
        if preparation.samples == .u8 {
            x = node("Cast", [x], name + "/float", ["to": .int(ElementType.f32.onnxType.rawValue)], float32: true)
        }
        switch preparation.resampling {
        case .matrices(let rows, let columns, let rowsFirst, _, _):
            if rowsFirst { x = product(rows: rows, x, name) }
            x = product(columns: columns, x, name)
            if !rowsFirst { x = product(rows: rows, x, name) }
        case .squash(let filter):
            try requireResize()
            x = resized(x, rows: nil, columns: integers([width]), filter, name + "/width")
            x = resized(x, rows: integers([height]), columns: nil, filter, name + "/height")
        case .cover(let coverHeight, let coverWidth, let filter, let offset):
            try requireResize()
            let (rows, columns) = coverSize(of: x, height: coverHeight, width: coverWidth, name)
            x = resized(x, rows: nil, columns: columns, filter, name + "/width")
            x = resized(x, rows: rows, columns: nil, filter, name + "/height")
            x = cropped(x, axis: 2, to: height, of: rows, offset, name + "/rows")
            x = cropped(x, axis: 3, to: width, of: columns, offset, name + "/columns")
        }
        let scaleName = initializer(name + ".scale", Tensor(preparation.scale, shape: [1, channels, 1, 1]))
        let shiftName = initializer(name + ".shift", Tensor(preparation.shift, shape: [1, channels, 1, 1]))
        x = node("Mul", [x, scaleName], name + "/scaled", float32: true)
        return node("Add", [x, shiftName], name, float32: true)
    }

    /// Makes an input [B, C, H, W] one of [B, H, W, C], and gives what it was.
    mutating func planes(of input: ExportValue, at place: Int) -> String {
        let sides = input.shape.dimensions
        result.inputs[place].shape = [sides[0], sides[2], sides[3], sides[1]]
        return node(
            "Transpose", [input.name], input.name + "/planes", ["perm": .ints([0, 3, 1, 2])], type: input.type,
            float32: true)
    }

    private func requireResize() throws(ONNXExportError) {
        guard opset >= 18 else {
            throw .invalidOptions(
                "preparing images of any size needs opset 18, which brought Resize with antialiasing; for earlier ones "
                    + "give the size of the images that come in")
        }
    }

    private mutating func product(rows: Tensor?, _ x: String, _ name: String) -> String {
        guard let rows else { return x }
        let product = node(
            "MatMul", [initializer(name + ".rows", rows), x], name + "/rows/product", float32: true)
        return bytes(product, name + "/rows")
    }

    private mutating func product(columns: Tensor?, _ x: String, _ name: String) -> String {
        guard let columns else { return x }
        let matrix = initializer(name + ".columns", columns, layout: .transposed)
        return bytes(node("MatMul", [x, matrix], name + "/columns/product", float32: true), name + "/columns")
    }

    /// Resizes rows or columns to a number of them, the others staying as they are. All four sizes are given: some readers
    /// know no `axes`.
    private mutating func resized(
        _ x: String, rows: String?, columns: String?, _ filter: ExportPreprocessing.Filter, _ name: String
    ) -> String {
        let shape = node("Shape", [x], name + "/shape", type: .i64)
        func own(_ axis: Int, to end: Int, _ emitter: inout Emitter) -> String {
            let range = [emitter.integers([axis]), emitter.integers([end]), emitter.integers([0])]
            return emitter.node("Slice", [shape] + range, "\(name)/size\(axis)", type: .i64)
        }
        let parts =
            rows.map { [own(0, to: 2, &self), $0, own(3, to: 4, &self)] } ?? [own(0, to: 3, &self), columns ?? ""]
        let sizes = node("Concat", parts, name + "/sizes", ["axis": .int(0)], type: .i64)
        let resized = node(
            "Resize", [x, "", "", sizes], name + "/resize",
            [
                "mode": .string(filter.rawValue), "coordinate_transformation_mode": .string("half_pixel"),
                "cubic_coeff_a": .float(-0.5), "antialias": .int(1), "exclude_outside": .int(1),
            ], float32: true)
        return bytes(resized, name)
    }

    /// Whole numbers between 0 and 255.
    private mutating func bytes(_ x: String, _ name: String) -> String {
        let raised = node("Add", [x, scalar(0.5)], name + "/raised", float32: true)
        let whole = node("Floor", [raised], name + "/whole", float32: true)
        return node("Clip", [whole, scalar(0), scalar(255)], name, float32: true)
    }

    /// The size at which an image, keeping its aspect, covers `height` × `width`: one side is exact, and the other one is
    /// truncated where a square is covered, as torchvision's `Resize` does, else rounded, as timm's `ResizeKeepRatio`.
    private mutating func coverSize(
        of x: String, height: Int, width: Int, _ name: String
    ) -> (rows: String, columns: String) {
        let shape = node("Shape", [x], name + "/shape", type: .i64)
        let rows = node("Gather", [shape, integers([2])], name + "/source rows", ["axis": .int(0)], type: .i64)
        let columns = node("Gather", [shape, integers([3])], name + "/source columns", ["axis": .int(0)], type: .i64)
        let truncates = height == width
        func scaled(
            _ side: String, by target: Int, over other: String, atLeast least: Int, _ label: String,
            _ emitter: inout Emitter
        ) -> String {
            let factor = emitter.integers([truncates ? target : 2 * target])
            var numerator = emitter.node("Mul", [side, factor], label + "/product", type: .i64)
            var denominator = other
            if !truncates {
                numerator = emitter.node("Add", [numerator, other], label + "/half more", type: .i64)
                denominator = emitter.node("Mul", [other, emitter.integers([2])], label + "/twice", type: .i64)
            }
            let quotient = emitter.node("Div", [numerator, denominator], label + "/quotient", type: .i64)
            return emitter.node("Max", [quotient, emitter.integers([least])], label, type: .i64)
        }
        return (
            scaled(rows, by: width, over: columns, atLeast: height, name + "/cover rows", &self),
            scaled(columns, by: height, over: rows, atLeast: width, name + "/cover columns", &self)
        )
    }

    /// A centre crop whose offset, half the rest, is truncated, or rounded half to even: (rest + (rest / 2) mod 2) / 2 in
    /// integers.
    private mutating func cropped(
        _ x: String, axis: Int, to size: Int, of total: String, _ offset: ExportPreprocessing.CropOffset, _ name: String
    ) -> String {
        var rest = node("Sub", [total, integers([size])], name + "/rest", type: .i64)
        if offset == .halfToEven {
            let half = node("Div", [rest, integers([2])], name + "/half", type: .i64)
            let odd = node("Mod", [half, integers([2])], name + "/odd", type: .i64)
            rest = node("Add", [rest, odd], name + "/rounded", type: .i64)
        }
        let start = node("Div", [rest, integers([2])], name + "/start", type: .i64)
        let end = node("Add", [start, integers([size])], name + "/end", type: .i64)
        return node("Slice", [x, start, end, integers([axis])], name, float32: true)
    }
}
