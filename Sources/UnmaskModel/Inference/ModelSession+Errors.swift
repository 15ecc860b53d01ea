internal import UnmaskImage
internal import UnmaskRuntime

/// How well patches are foreseen that are hidden.
extension ModelSession {
    /// Of each image the errors of its patches, [N], where its question has them among its sources; else empty.
    ///
    /// Each mask hides its part of the patches, and the decoder's prediction of those alone counts: a patch's pixels move its own
    /// error as what it is held against, and never as what is seen.
    func errors(
        _ questions: [ImageQuestion], of images: [PixelImage], _ answers: [PassAnswer], _ slices: Slices?
    ) throws(ModelError) -> [[Float]] {
        var errors = [[Float]](repeating: [], count: images.count)
        var asking: [Question: [Int]] = [:]
        for (index, question) in questions.enumerated() {
            guard case .embed(let options) = question, let masks = options.sources.masks else { continue }
            guard answers[index].mask.kept == answers[index].mask.patches else {
                throw .invalidMask(
                    "a mask beside errors of masked reconstruction, which hides patches by masks of its own: leave it out"
                )
            }
            asking[Question(masks: masks, merge: answers[index].merge), default: []].append(index)
        }
        let patches = model.interface.patches
        for (question, members) in asking.sorted(by: { $0.value[0] < $1.value[0] }) {
            for index in members { errors[index] = Array(repeating: 0, count: patches) }
            for hidden in question.masks.hidden(of: patches) {
                let isHidden = Set(hidden)
                let mask = try Mask.keep((0..<patches).filter { !isHidden.contains($0) }, patches: patches)
                let passes = try run(
                    members.map { images[$0] }, masks: members.map { _ in mask }, merge: question.merge,
                    outputs: [ModelGraph.prediction], slices: slices)
                for (index, pass) in zip(members, passes) {
                    let places = PatchPlaces(of: images[index], patch: model.interface.patchSize ?? 1)
                    let prediction = pass.values[ModelGraph.prediction] ?? []
                    for patch in hidden {
                        errors[index][patch] = error(of: patch, in: images[index], places, prediction)
                    }
                }
            }
        }
        return errors
    }

    /// What images share passes by.
    private struct Question: Hashable {
        let masks: ComplementaryMasks
        let merge: Int
    }

    /// The mean squared difference of what was predicted of a patch from what the decoder was trained to predict: normalised
    /// pixels, or those normalised once more by the patch's own mean and deviation (He et al. 2021, section 3).
    private func error(
        of patch: Int, in image: PixelImage, _ grid: PatchPlaces, _ prediction: ArraySlice<Float>
    ) -> Float {
        let places = grid.places(of: patch)
        var target = places.map { model.recipe.value(of: image.pixels[$0], channel: $0 % image.channels) }
        if model.interface.decoder?.normPix ?? false { target = PatchStatistics(of: target).normalised(target) }
        let start = prediction.startIndex + patch * places.count
        var sum = 0.0
        for (index, value) in target.enumerated() {
            let difference = Double(prediction[start + index]) - value
            sum += difference * difference
        }
        return Float(sum / Double(places.count))
    }
}
