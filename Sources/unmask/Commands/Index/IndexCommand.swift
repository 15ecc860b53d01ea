import ArgumentParser

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build and keep indexes of images, to search by picture.",
        discussion: """
            unmask index build PHOTOS -o photos.unmask --model MODEL --pooling mean
            unmask search holiday.jpg --index photos.unmask --model MODEL

            docs/retrieval.md says more, and how others read an index.
            """,
        subcommands: [
            IndexBuildCommand.self, IndexUpdateCommand.self, IndexMergeCommand.self, IndexInfoCommand.self,
            IndexApproximateCommand.self, IndexExportCommand.self, IndexDuplicatesCommand.self,
            IndexOutliersCommand.self, IndexClustersCommand.self,
        ])
}
