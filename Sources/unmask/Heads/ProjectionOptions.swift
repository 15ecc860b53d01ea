import ArgumentParser
import UnmaskHeads

/// What `project` keeps of vectors.
struct ProjectionOptions: ParsableArguments {
    @Option(help: "Numbers that project keeps of a vector. Default: as few as have 95 % of the variance.")
    var dimensions: Int?

    @Flag(help: "Let every number that project keeps vary as much (whitening).")
    var whiten = false

    func validate() throws {
        if let dimensions, dimensions < 1 {
            throw ValidationError("--dimensions \(dimensions): expected at least 1")
        }
    }

    func tell(_ fitting: inout HeadFitting) {
        fitting.dimensions = dimensions
        fitting.isWhitened = whiten
    }
}
