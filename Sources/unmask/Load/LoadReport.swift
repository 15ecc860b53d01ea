import Foundation
import UnmaskService

/// What `bench serve` shows.
struct LoadReport {
    let method: String
    let plan: LoadPlan
    let imagesPerRequest: Int
    let tally: LoadTally
    /// That the generator itself took.
    let processorSeconds: Double

    private var throughput: Double {
        tally.seconds > 0 ? Double(tally.answeredWhileSending) / tally.seconds : 0
    }

    private var pace: String {
        switch plan.pace {
        case .closed(let inFlight): "closed loop, \(plan.connections) connections, \(inFlight) in flight on each"
        case .open(let rate, let isPoisson):
            "open loop, \(fixed(rate, 1)) requests/s\(isPoisson ? " (Poisson)" : ""), \(plan.connections) connections"
        }
    }

    var json: String {
        jsonLine { line in
            line.field("method", method)
            line.field("connections", plan.connections)
            switch plan.pace {
            case .closed(let inFlight): line.field("in_flight", inFlight)
            case .open(let rate, _): line.field("rate", rate)
            }
            line.field("seconds", tally.seconds)
            line.field("sent", tally.sent)
            line.field("answered", tally.answered.count)
            line.field("lost", tally.lost)
            line.field("unexpected", tally.unexpected)
            line.field("requests_per_s", throughput)
            line.field("images_per_s", throughput * Double(imagesPerRequest))
            line.key("latency_ms")
            line.latencies(Latencies(tally.answered))
            line.key("refused")
            line.object { line in
                for (type, times) in tally.refused.sorted(by: { $0.key < $1.key }) {
                    line.key(type)
                    line.latencies(Latencies(times))
                }
            }
            line.key("failed_images")
            line.object { line in
                for (type, count) in tally.failedImages.sorted(by: { $0.key < $1.key }) { line.field(type, count) }
            }
            line.field("client_cpu_seconds", processorSeconds)
        }
    }

    var text: String {
        var facts = Table(["method", method])
        facts.add(["load", "\(pace), \(fixed(tally.seconds, 1)) s"])
        facts.add([
            "requests",
            "\(tally.sent) sent, \(tally.answered.count) answered, \(tally.refused.values.reduce(0) { $0 + $1.count }) "
                + "refused, \(tally.lost) lost, \(tally.unexpected) unexpected",
        ])
        facts.add([
            "throughput",
            "\(fixed(throughput, 1)) requests/s, \(fixed(throughput * Double(imagesPerRequest), 1)) images/s",
        ])
        facts.add(["own processor time", "\(fixed(processorSeconds)) s"])
        for (type, count) in tally.failedImages.sorted(by: { $0.key < $1.key }) {
            facts.add(["images failed", "\(count) \(type)"])
        }
        var table = Table(["ms", "count"] + Latencies.named.map(\.name), numeric: [1, 2, 3, 4, 5, 6])
        let rows = [("answered", tally.answered)] + tally.refused.sorted { $0.key < $1.key }.map { ($0, $1) }
        for (name, times) in rows {
            let latencies = Latencies(times)
            table.add([name, String(latencies.count)] + Latencies.named.map { fixed(latencies.quantile($0.share)) })
        }
        return facts.text + "\n\n" + table.text
    }
}

extension JSONWriter {
    fileprivate mutating func latencies(_ latencies: Latencies) {
        object { line in
            line.field("count", latencies.count)
            for (name, share) in Latencies.named { line.field(name, latencies.quantile(share)) }
        }
    }
}
