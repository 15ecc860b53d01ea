internal import UnmaskGraph
internal import UnmaskImage
public import UnmaskONNX

extension Model {
    /// A part of the model as ONNX, ready to be written.
    ///
    /// The pixels that come in are float32 [B, C, H, W], prepared by the recipe and normalised by its mean and deviation;
    /// with `preprocesses`, bytes [B, height, width, C] of any size.
    public func onnx(_ options: ModelExportOptions, producerVersion: String) throws(ModelError) -> ONNXExport {
        var graph = try graph(pixels: .normalised, masks: options.part == .mae)
        ChannelSmoothing.smooth(&graph, peaks: options.channelPeaks)
        var added: Set<String> = []
        let outputs: [String]
        if let tail = options.tail {
            added = try graph.add(tail, to: self)
            outputs = tail.outputs
        } else {
            outputs = try self.outputs(of: options, in: &graph)
        }
        var export = try ExportOptions(
            opset: options.opset, outputs: outputs, precision: options.precision,
            activationRanges: options.activationRanges, metadata: metadata(options, outputs),
            producerVersion: producerVersion, documentation: documentation(options))
        export.float32Values = options.float32Values.union(added)
        export.layout = options.pixelLayout
        if options.precision.weightBits != nil { export.roundedLayers = Set(graph.innerLayers.map(\.name)) }
        if let batch = options.batch { export.bindings[ModelGraph.batch] = batch }
        if options.part == .mae {
            if let kept = options.kept { export.bindings[ModelGraph.kept] = kept }
        } else {
            export.omittedInputs = [ModelGraph.idsKeep]
            export.bindings[ModelGraph.kept] = interface.patches
        }
        if options.preprocesses { export.preprocessing = try preprocessing(options) }
        do throws(ONNXExportError) {
            return try ONNXExport(graph, options: export)
        } catch {
            throw .invalidRequest(error.description)
        }
    }

    /// The outputs of a part, the mask's computation added where it is one.
    private func outputs(of options: ModelExportOptions, in graph: inout Graph) throws(ModelError) -> [String] {
        switch options.part {
        case .encoder:
            let pooling = (options.pooling ?? interface.pooling).rawValue
            guard graph.output(named: pooling) != nil else {
                throw .invalidRequest("\(name) does not offer pooling \(pooling)")
            }
            return [pooling]
        case .classifier:
            guard hasHead else { throw .noHead(model: name) }
            if options.givesProbabilities, let own = interface.scores.first, own != .probabilities {
                throw .invalidRequest(
                    "\(name)'s head gives \(own.rawValue), of which there is no softmax: only classes that exclude one another "
                        + "have one")
            }
            return [options.classOutput]
        case .mae:
            guard hasDecoder else { throw .noDecoder(model: name) }
            if let trunk = configuration?.composition.trunk, case .hiera = trunk {
                throw .invalidRequest(
                    "\(name) is a Hiera, whose masked units are not exported; its encoder and its classifier are: "
                        + "--part encoder")
            }
            if let kept = options.kept, !(1...interface.patches).contains(kept) {
                throw .invalidRequest("\(kept) patches to keep: \(name) has \(interface.patches)")
            }
            try graph.addMask(named: name, kept: options.kept)
            return [ModelGraph.prediction, ModelGraph.mask]
        }
    }

    private func metadata(
        _ options: ModelExportOptions, _ outputs: [String]
    ) throws(ModelError) -> [String: String] {
        var metadata = [
            ONNXMetadata.recipe: OwnLayout.encode(recipe), ONNXMetadata.hash: try hash,
            ONNXMetadata.part: options.part.rawValue, ONNXMetadata.precision: options.precision.rawValue,
        ]
        metadata[ONNXMetadata.configuration] = configuration.map { OwnLayout.encode($0) }
        metadata[ONNXMetadata.licence] = licence
        if let tail = options.tail {
            metadata[ONNXMetadata.part] = ExportTail.part
            return metadata.merging(tail.metadata) { $1 }
        }
        if options.part == .encoder { metadata[ONNXMetadata.pooling] = outputs[0] }
        if options.part == .classifier, let scores = interface.scores.first, scores != .probabilities {
            metadata[ONNXMetadata.scores] = scores.rawValue
        }
        if options.part == .classifier, !labels.isEmpty { metadata[ONNXMetadata.labels] = OwnLayout.encode(labels) }
        return metadata
    }

    private func documentation(_ options: ModelExportOptions) -> String {
        if let tail = options.tail {
            return "\(name) with a head: images to \(tail.outputs.joined(separator: " and "))"
        }
        return documentation(of: options)
    }

    private func documentation(of options: ModelExportOptions) -> String {
        switch options.part {
        case .encoder: "\(name): images to embeddings"
        case .classifier: "\(name): images to \(options.classOutput)"
        case .mae: "\(name): images and the patches to keep (ids_keep, ids_restore) to predicted patches and the mask"
        }
    }

    private func preprocessing(_ options: ModelExportOptions) throws(ModelError) -> ExportPreprocessing {
        let (scale, shift) = recipe.scaleShift(values: recipe.channels)
        guard recipe.order == .rgb else {
            throw .invalidRequest(
                "the model takes its channels as \(recipe.order.rawValue), which no graph prepares here")
        }
        let resampling = if let source = options.sourceSize { try matrices(source) } else { try resampling() }
        return ExportPreprocessing(resampling, samples: options.samples, scale: scale, shift: shift)
    }

    /// For images of one size: whatever the recipe does is a product.
    private func matrices(_ source: [Int]) throws(ModelError) -> ExportPreprocessing.Resampling {
        let matrices: ResamplingMatrices
        do throws(ImageError) {
            matrices = try recipe.resampling(sourceHeight: source[0], sourceWidth: source[1])
        } catch {
            throw .invalidRequest("--source-size \(source[0])x\(source[1]): \(error.message)")
        }
        return .matrices(
            rows: matrices.rows.map { Tensor($0, shape: [recipe.height, source[0]]) },
            columns: matrices.columns.map { Tensor($0, shape: [recipe.width, source[1]]) },
            rowsFirst: matrices.rowsFirst, sourceHeight: source[0], sourceWidth: source[1])
    }

    /// For images of any size: what `Resize` can express.
    private func resampling() throws(ModelError) -> ExportPreprocessing.Resampling {
        let filters: [ResampleFilter: ExportPreprocessing.Filter] = [.bilinear: .linear, .bicubic: .cubic]
        let cover = recipe.coveredSize
        guard let filter = filters[recipe.filter], recipe.isSquashed || cover != nil else {
            throw .invalidRequest(
                "images of any size cannot be prepared inside the graph by \(recipe.label): give the size of those that "
                    + "come in with --source-size")
        }
        let offset: ExportPreprocessing.CropOffset = recipe.crop?.place == .centerDown ? .down : .halfToEven
        return cover.map { .cover(height: $0.height, width: $0.width, filter, offset) } ?? .squash(filter)
    }
}

extension Graph {
    /// Adds the mask [B, N] (1 = removed) that `ids_keep` and `ids_restore` stand for: a patch whose place in the shuffled
    /// order is not below K was removed (He et al. 2021, section 3).
    /// - Parameter count: K, where it is fixed.
    fileprivate mutating func addMask(named model: String, kept count: Int?) throws(ModelError) {
        guard let idsKeep = inputs.first(where: { self[$0].name == ModelGraph.idsKeep }),
            let idsRestore = inputs.first(where: { self[$0].name == ModelGraph.idsRestore })
        else { throw .noDecoder(model: model) }
        do throws(GraphError) {
            let limit = if let count { addCount(count) } else { try keptCount(of: idsKeep) }
            let visible = try add(
                .binary(.less), named: "mask/visible", [idsRestore, limit], outputs: ["mask/visible"])[0]
            let removed = try add(.unary(.not), named: "mask/removed", [visible], outputs: ["mask/removed"])[0]
            addOutput(
                ModelGraph.mask, try add(.cast(.f32), named: "mask", [removed], outputs: ["mask"])[0])
        } catch {
            throw .runtime(error.description)
        }
    }

    private mutating func addCount(_ count: Int) -> ValueID {
        let bytes = withUnsafeBytes(of: Int32(count).littleEndian) { Array($0) }
        guard let tensor = Tensor(shape: [1], type: .i32, contents: .owned(bytes)) else {
            preconditionFailure("4 bytes are one i32")
        }
        return addConstant("mask/limit", tensor)
    }

    /// K as an i32, read off `ids_keep`.
    private mutating func keptCount(of idsKeep: ValueID) throws(GraphError) -> ValueID {
        let kept = try add(.shape(start: 1, end: 2), named: "mask/kept", [idsKeep], outputs: ["mask/kept"])[0]
        return try add(.cast(.i32), named: "mask/limit", [kept], outputs: ["mask/limit"])[0]
    }
}
