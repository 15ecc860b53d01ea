internal import UnmaskGraph

extension OperatorRegistry {
    static let resizing: Table = [
        "Resize": OperatorReader(1...4) { node throws(NodeProblem) in
            let resize = Resize(
                mode: try node.choice("mode", default: Resize.Mode.nearest),
                coordinates: try node.choice("coordinate_transformation_mode", default: Resize.Coordinates.halfPixel),
                nearest: try node.choice("nearest_mode", default: Resize.Nearest.roundPreferFloor),
                cubicCoefficient: try node.float("cubic_coeff_a", default: -0.75),
                excludesOutside: try node.flag("exclude_outside", default: false),
                extrapolationValue: try node.float("extrapolation_value", default: 0),
                antialias: try node.flag("antialias", default: false), axes: try node.ints("axes"),
                aspectRatio: try node.choice("keep_aspect_ratio_policy", default: Resize.AspectRatio.stretch))
            // An empty operand is an absent one.
            var operands = node.operands
            for index in 1..<operands.count where node.has(index) {
                if try node.fact(index).shape.dimensions == [0] { operands[index] = nil }
            }
            try node.emit(.resize(resize), operands)
        }
    ]
}
