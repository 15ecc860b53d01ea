import ArgumentParser
import Foundation
import UnmaskClient
import UnmaskService

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call a method of a running server.",
        discussion: """
            Prints the result as the server gives it, one line of JSON, or {"error":{"type","message"}}. Methods and \
            their parameters: docs/protocol.md.

              unmask call health
              unmask call embed --image cat.jpg --params '{"pooling":"mean"}' --out cat.npy

            Exit codes: 0 done; 1 some images failed, or the server is not ready; 2 the request was refused, or nobody \
            answers.
            """)

    @Argument(help: "Such as hello, info, health, embed, classify, reconstruct.")
    var method: String

    @OptionGroup var connection: ConnectionOptions

    @Option(help: ArgumentHelp("An image file to send. May be repeated; in this order.", valueName: "FILE"))
    var image: [String] = []

    @Option(help: ArgumentHelp("The parameters: a JSON object, or - for one on standard input.", valueName: "JSON"))
    var params = "{}"

    @Option(
        help: ArgumentHelp(
            """
            Ask for vectors or pictures as raw frames, and write them here. NAME.npy: all vectors in one NumPy file, \
            where {"frame":i} of the printed result is row i. Any other name: each frame as it is, the second and \
            later ones as NAME-1.EXT, NAME-2.EXT.
            """, valueName: "FILE"))
    var out: String?

    func run() async throws {
        let request = try CallRequest(
            params: params == "-" ? try standardInput() : params, images: image, asksForFrames: out != nil)
        let options = try connection.clientOptions()
        let reply = try await ServiceClient.withConnection(to: connection.address(), options: options) { client in
            try await client.call(method, params: request.params, frames: request.frames)
        }
        switch reply.body {
        case .failure(let error):
            Console.result(jsonLine(error))
            throw Outcome.nothingDone
        case .success(let result):
            if let out { try FrameFiles(reply).write(to: out) }
            Console.result(result)
            let verdict = try reply.decode(Verdict.self)
            if verdict.failed ?? 0 > 0 || verdict.ready == false { throw Outcome.someFailed }
        }
    }

    private struct Verdict: Decodable {
        /// Images without a result.
        var failed: Int?
        /// What `ready` says.
        var ready: Bool?
    }

    private func standardInput() throws -> String {
        String(decoding: try FileHandle.standardInput.readToEnd() ?? Data(), as: UTF8.self)
    }

    private func jsonLine(_ error: RemoteError) -> String {
        unmask.jsonLine { line in
            line.key("error")
            line.object {
                $0.field("code", error.code)
                $0.field("type", error.type.rawValue)
                $0.field("message", error.message)
                if let milliseconds = error.retryAfterMs { $0.field("retry_after_ms", milliseconds) }
            }
        }
    }
}
