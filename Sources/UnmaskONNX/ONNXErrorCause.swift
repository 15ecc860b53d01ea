extension ONNXError {
    /// Every cause there is; the raw value is its stable name.
    public enum Cause: String, Sendable, CaseIterable {
        // The file.
        case fileUnreadable = "file_unreadable"
        case fileChanged = "file_changed"
        case fileMalformed = "onnx_malformed"
        case fileTooComplex = "onnx_too_complex"
        case versionUnsupported = "onnx_version_unsupported"

        // Tensors.
        case tensorInvalid = "onnx_tensor_invalid"
        case tensorTypeUnsupported = "onnx_tensor_type_unsupported"
        case externalDataLocation = "onnx_external_data_location"
        case externalDataMissing = "onnx_external_data_missing"
        case externalDataRange = "onnx_external_data_range"

        // The graph.
        case graphInvalid = "onnx_graph_invalid"
        case nodeInvalid = "onnx_node_invalid"
        case operatorsUnsupported = "onnx_operators_unsupported"
        case shapeUnknown = "onnx_shape_unknown"
        case dimensionUnbound = "onnx_dimension_unbound"
        case outputUnknown = "onnx_output_unknown"

        var remedy: String? {
            switch self {
            case .fileMalformed: "the file is damaged, or not an ONNX model: fetch it again"
            case .fileTooComplex: "simplify the model, or raise the limit in its source"
            case .versionUnsupported: "convert it with onnx.version_converter"
            case .tensorTypeUnsupported:
                "dense tensors of float32, float16, bfloat16, double, bool and integers of 8 to 64 bits are read"
            case .externalDataLocation: "external data must lie in the folder of the model or below it"
            case .externalDataMissing: "keep the data files beside the model"
            case .externalDataRange: "the data file is damaged or of another model: fetch it again"
            case .operatorsUnsupported: "export the model without them, or ask for an output that does not need them"
            case .shapeUnknown: "export the model for a fixed size, so that shapes do not depend on data"
            case .dimensionUnbound: "give its size"
            default: nil
            }
        }
    }
}
