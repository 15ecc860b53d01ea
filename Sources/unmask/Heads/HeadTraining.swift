import UnmaskHeads

/// What a head is fitted on, and what it is measured with.
protocol HeadTraining {
    var train: ImageTable { get }
    /// Nil: nothing is measured.
    var test: ImageTable? { get }
    /// Whether images were left out because what is said of them cannot be used.
    var hasFailures: Bool { get }

    /// The head that the vectors, or tokens, of the training images make.
    func fit(_ fitting: HeadFitting, _ features: FeatureRun.Result) throws -> Head

    /// What the head answers of the images that it is measured with, and how right that is.
    func measured(_ head: Head, _ features: FeatureRun.Result) throws -> HeadMeasurement

    /// Says what a person should know before relying on the head.
    func warn(_ head: Head, _ features: FeatureRun.Result)
}

extension HeadTraining {
    var hasFailures: Bool { false }
    func warn(_ head: Head, _ features: FeatureRun.Result) {}
}
