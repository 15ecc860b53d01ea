internal import UnmaskGraph

extension Emitter {
    func attributes(_ window: Window) -> [(String, ExportAttribute)] {
        var result: [(String, ExportAttribute)] = [
            ("kernel_shape", .ints(window.size)), ("strides", .ints(window.strides)),
            ("dilations", .ints(window.dilations)),
        ]
        switch window.automatic {
        case .explicit: result.append(("pads", .ints(window.pads)))
        case .sameUpper: result.append(("auto_pad", .string("SAME_UPPER")))
        case .sameLower: result.append(("auto_pad", .string("SAME_LOWER")))
        case .valid: result.append(("auto_pad", .string("VALID")))
        }
        return result
    }

    mutating func emitTransposed(
        _ convolution: Convolution, outputPadding: [Int], outputShape: [Int]?, _ node: Node
    ) throws(ONNXExportError) -> String {
        var list = attributes(convolution.window) + [("group", .int(convolution.groups))]
        if outputPadding.contains(where: { $0 != 0 }) { list.append(("output_padding", .ints(outputPadding))) }
        if let outputShape { list.append(("output_shape", .ints(outputShape))) }
        return try withAttributes("ConvTranspose", node, list)
    }

    mutating func emitPool(_ pooling: Pooling, _ node: Node) throws(ONNXExportError) -> [String] {
        var list = attributes(pooling.window)
        list.append(("ceil_mode", .int(pooling.ceiling ? 1 : 0)))
        switch pooling.kind {
        case .maximum:
            list.append(("storage_order", .int(pooling.columnMajorIndices ? 1 : 0)))
            return try results("MaxPool", node, list)
        case .average:
            list.append(("count_include_pad", .int(pooling.countsPadding ? 1 : 0)))
            if opset < 19 {
                guard pooling.window.dilations.allSatisfy({ $0 == 1 }) else {
                    throw .unsupported(node: node.name, "AveragePool with dilations", needs: 19, have: opset)
                }
                list.removeAll { $0.0 == "dilations" }
            }
            return try results("AveragePool", node, list)
        }
    }

    mutating func emitResize(_ resize: Resize, _ node: Node) throws(ONNXExportError) -> String {
        var list: [(String, ExportAttribute)] = [
            ("mode", .string(resize.mode.rawValue)),
            ("coordinate_transformation_mode", .string(resize.coordinates.rawValue)),
            ("nearest_mode", .string(resize.nearest.rawValue)),
            ("cubic_coeff_a", .float(resize.cubicCoefficient)),
            ("exclude_outside", .int(resize.excludesOutside ? 1 : 0)),
            ("extrapolation_value", .float(resize.extrapolationValue)),
        ]
        if resize.coordinates == .halfPixelSymmetric { try require(19, "Resize with half_pixel_symmetric", node) }
        if resize.antialias {
            try require(18, "Resize with antialias", node)
            list.append(("antialias", .int(1)))
        }
        if let axes = resize.axes {
            try require(18, "Resize with axes", node)
            list.append(("axes", .ints(axes)))
        }
        if resize.aspectRatio != .stretch {
            try require(18, "Resize that keeps the aspect", node)
            list.append(("keep_aspect_ratio_policy", .string(resize.aspectRatio.rawValue)))
        }
        var operands = try operands(of: node)
        if opset < 13 {
            // The region of interest and the scales may not be absent, but they may be empty.
            let empty = initializer(node.name + "/empty", Tensor([], shape: [0]))
            for place in 1..<max(operands.count, 3) {
                if place >= operands.count { operands.append(empty) }
                if place < 3, operands[place].isEmpty { operands[place] = empty }
            }
        }
        return append("Resize", operands, node, list)[0]
    }
}
