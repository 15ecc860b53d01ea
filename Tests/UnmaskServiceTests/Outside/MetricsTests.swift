import Foundation
import Metrics
import Testing

@testable import UnmaskService

@Suite(.timeLimit(.minutes(3))) struct MetricsTests {
    @Test func theServerCountsWhatItDid() async throws {
        let began = Date().timeIntervalSince1970
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.unix) { client in
                for id in 0..<3 {
                    try await client.send(
                        #"{"id":\#(id),"method":"embed","params":{"images":[{"base64":"YQ=="},{"base64":"!"}]}}"#)
                    #expect(try await client.receive()?.result?.failed == 1)
                }
                try await client.send(#"{"id":9,"method":"nope"}"#)
                #expect(try await client.receive()?.error?.type == "unknown_method")
                let metrics = try await LineClient.connected(to: server.http) { probe in
                    _ = try await probe.http("GET", "/healthz")
                    return try #require(await probe.http("GET", "/metrics"))
                }
                #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
                let found = try PrometheusParser(metrics.text)
                #expect(found.value("unmask_requests_total", ["method": "embed"]) == 3)
                #expect(found.value("unmask_errors_total", ["type": "image_decode_failed"]) == 3)
                #expect(found.value("unmask_errors_total", ["type": "unknown_method"]) == 1)
                #expect(found.value("unmask_errors_total", ["type": "overloaded"]) == 0, "also what never happened")
                #expect(found.value("unmask_queued_images") == 0)
                #expect(found.value("unmask_connections") == 2)
                #expect(found.value("unmask_batch_images_sum") == 3)
                for stage in ["decode", "queue", "inference"] {
                    #expect(found.value("unmask_stage_duration_seconds_count", ["stage": stage]) ?? 0 >= 3)
                }
                #expect(found.value("unmask_request_duration_seconds_count") == 3, "results")
                #expect(found.value("unmask_request_duration_seconds_sum") ?? 99 < 60, "seconds")
                #expect(found.value("unmask_http_requests_total", ["route": "/healthz", "status": "200"]) == 1)
                #expect(found.samples.contains { $0.name == "unmask_model_info" && $0.labels["hash"] == "f00d" })
                #expect(found.value("process_resident_memory_bytes") ?? 0 > 1_000_000)
                #expect(found.value("process_cpu_seconds_total") ?? 0 > 0)
                #expect(began - 86400...began ~= found.value("process_start_time_seconds") ?? 0)
                #expect(found.types["unmask_stage_duration_seconds"] == "histogram")
                #expect(found.types["unmask_errors_total"] == "counter")
            }
        }
    }

    @Test func everyMetricIsExplainedInTheManual() async throws {
        let text = try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("GET", "/metrics")).text
            }
        }
        let found = try PrometheusParser(text)
        let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
        let manual = try String(contentsOfFile: root + "/docs/operations.md", encoding: .utf8)
        for name in found.types.keys {
            #expect(manual.contains("`\(name)"), "\(name) is not in docs/operations.md")
            #expect(found.helps[name]?.isEmpty == false, "\(name) has no help")
        }
    }

    @Test func anyNameAndLabelIsWrittenSoThatItReadsBack() throws {
        let registry = PrometheusRegistry([MetricDefinition(name: "9 odd-name", help: "back\\slash\nline \"quotes\"")])
        let label = "back\\slash \"quotes\"\nline é\u{1}"
        Counter(label: "9 odd-name", dimensions: [("la-bel:", label)], factory: registry).increment(by: 7)
        Gauge(label: "level", factory: registry).record(-Double.infinity)
        Gauge(label: "none", factory: registry).record(Double.nan)
        Gauge(label: "small", factory: registry).record(1.5e-7)
        var text = PrometheusText()
        for family in registry.families { text.write(family) }
        let found = try PrometheusParser(text.output)
        #expect(found.value("__odd_name", ["la_bel_": label]) == 7)
        #expect(found.value("level") == -.infinity)
        #expect(found.value("none")?.isNaN == true)
        #expect(found.value("small") == 1.5e-7)
        #expect(text.output.contains(#"back\\slash\nline "quotes""# + "\n"))
    }

    @Test func histogramsCountEveryValueOnce() throws {
        let registry = PrometheusRegistry([MetricDefinition(name: "h", help: "h", buckets: [1, 2, 4])])
        let recorder = Recorder(label: "h", factory: registry)
        for value in [0.5, 1, 1.5, 2, 3, 4, 4.1, 100] { recorder.record(value) }
        let timer = Timer(label: "t", factory: registry)
        timer.recordMilliseconds(30)
        var text = PrometheusText()
        for family in registry.families { text.write(family) }
        let found = try PrometheusParser(text.output)
        let buckets = ["1.0", "2.0", "4.0", "+Inf"].map { found.value("h_bucket", ["le": $0]) }
        #expect(buckets == [2, 4, 6, 8])
        #expect(abs((found.value("h_sum") ?? 0) - 116.1) < 1e-9)
        #expect(abs((found.value("t_seconds_sum") ?? 0) - 0.03) < 1e-9)
        #expect(found.value("t_seconds_bucket", ["le": "0.025"]) == 0)
        #expect(found.value("t_seconds_bucket", ["le": "0.05"]) == 1)
    }

    @Test func theSameNameAndLabelsAreOneMetric() throws {
        let registry = PrometheusRegistry([])
        for order in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
            Counter(label: "c", dimensions: order, factory: registry).increment()
        }
        // A name that already is a counter is not shown as a gauge as well.
        Gauge(label: "c", factory: registry).record(5)
        var text = PrometheusText()
        for family in registry.families { text.write(family) }
        #expect(
            try PrometheusParser(text.output).samples == [.init(name: "c", labels: ["a": "1", "b": "2"], value: 2)])
    }
}
