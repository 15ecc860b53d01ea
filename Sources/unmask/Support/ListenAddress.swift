public import ArgumentParser
import Foundation
public import UnmaskService

/// `HOST:PORT`, the host of a numeric IPv6 address in brackets.
extension ServiceConfiguration.TCPAddress: ExpressibleByArgument {
    public init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        let host = argument[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port)
    }
}
