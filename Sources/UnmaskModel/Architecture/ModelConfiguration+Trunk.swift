/// What follows for a model from its trunk.
extension ModelConfiguration {
    /// The side of the patches that pixels are cut into.
    var cut: Int {
        switch composition.trunk {
        case .convNeXt(let plan): plan.stemWidth == nil ? plan.stem : ConvNeXtPlan.overlap.stride
        case .hiera(let plan): plan.stride
        case nil: patchSize
        }
    }

    /// The width of a patch's embedding.
    var embeddingWidth: Int {
        switch composition.trunk {
        case .convNeXt(let plan): plan.stages.first?.width ?? width
        case .hiera(let plan): plan.stages.first?.width ?? width
        case nil: width
        }
    }

    /// Why patches cannot be left out; nil where they can.
    var wholeImageReason: String? {
        switch composition.trunk {
        case .convNeXt: "ConvNeXt's convolutions need every patch's neighbours"
        case .hiera: nil
        case nil where composition.block.windows != nil || composition.block.relativePositions == .decomposed:
            "windows and the relations of rows and columns need every patch in its place"
        case nil where composition.neck != nil: "the neck's convolutions need every patch's neighbours"
        case nil: nil
        }
    }

    /// The width of the finished tokens.
    var outputWidth: Int { composition.neck?.width ?? width }

    /// What each block gives of an image, `[tokens, width]`; empty where that is what the last one gives.
    var blockShapes: [[Int]] {
        func tokens(_ side: Int) -> Int { imageSize.reduce(1) { $0 * ($1 / side) } }
        switch composition.trunk {
        case .convNeXt(let plan):
            var side = plan.stem
            return plan.stages.flatMap { stage in
                side *= stage.stride ?? 1
                return Array(repeating: [tokens(side), stage.width], count: stage.depth)
            }
        case .hiera(let plan):
            return plan.blocks.map { [tokens(plan.stride << $0.stage), plan.stages[$0.stage].width] }
        case nil:
            return composition.neck == nil ? [] : Array(repeating: [patches, width], count: depth)
        }
    }
}
