internal import UnmaskGraph
internal import UnmaskRuntime

/// Merging tokens.
extension ModelSession {
    /// The most tokens that a block may merge into others: half of a whole image's patches.
    public var largestMerge: Int { model.interface.patches / 2 }

    /// Throws `ModelError.invalidRequest` where so many tokens cannot be merged, `.unmergeable` where none can in this
    /// model.
    /// - Returns: how many blocks merge.
    @discardableResult
    public func checkMerge(_ merge: Int) throws(ModelError) -> Int {
        try checkNumber(ofMerge: merge)
        guard merge > 0, let task = ownTasks.first else { return 0 }
        let outputs = try outputs(of: task)
        let patches = model.interface.patches
        let sizes = ModelGraph.bindings(batch: 1, kept: patches)
        let merging = MergeTokens(perBlock: merge, patches: patches)
        return try runnable { () throws(RuntimeError) in
            try session.blocks(merging: merging, bindings: sizes, outputs: outputs)
        }
    }

    /// Why tokens cannot be merged in this model; nil where they can.
    public var mergeRefusal: String? {
        guard largestMerge > 0 else { return "the model has no patches that could be merged" }
        do throws(ModelError) {
            try checkMerge(1)
            return nil
        } catch {
            return error.description
        }
    }

    /// The first half of `checkMerge`, for every pass: whether a model allows it its plan finds.
    func checkNumber(ofMerge merge: Int) throws(ModelError) {
        guard merge == 0 || (0...largestMerge).contains(merge) else {
            throw .invalidRequest(
                "merging \(merge) tokens a block: expected 0 to \(largestMerge), half of the image's "
                    + "\(model.interface.patches) patches")
        }
    }

    /// Nil where nothing is to be merged.
    func merging(_ merge: Int, kept: Int) -> MergeTokens? {
        merge > 0 ? MergeTokens(perBlock: merge, patches: kept) : nil
    }
}
