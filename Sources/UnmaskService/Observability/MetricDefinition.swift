/// What `/metrics` says about a metric besides its values.
struct MetricDefinition: Sendable {
    var name: String
    var help: String
    /// The upper bounds of a histogram's buckets, ascending.
    var buckets: [Double] = []

    /// From a tenth of a millisecond to ten seconds, about three a decade.
    static let seconds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    private static let sizes: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    static let all = [
        MetricDefinition(name: "unmask_connections", help: "Connections that are open, of all listeners."),
        MetricDefinition(
            name: "unmask_accept_failures_total",
            help: "Tries to accept a connection that failed for want of descriptors or memory."),
        MetricDefinition(
            name: "unmask_connections_refused_total",
            help: "Connections that were refused, or closed before they were answered, by reason."),
        MetricDefinition(
            name: "unmask_read_pauses_total", help: "Times that a connection was not read for the bytes that are held."),
        MetricDefinition(name: "unmask_queued_images", help: "Images that wait, are prepared, or wait for the engine."),
        MetricDefinition(
            name: "unmask_lowered_images_total",
            help: "Images that were queued with fewer tokens than asked for, as their requests allow."),
        MetricDefinition(name: "unmask_batch_images", help: "Images of a forward pass.", buckets: sizes),
        MetricDefinition(
            name: "unmask_stage_duration_seconds",
            help: "Time of an image in decode and queue, of a batch in inference, of an answer in encode.",
            buckets: seconds),
        MetricDefinition(
            name: "unmask_request_duration_seconds", help: "From a request's last byte to its result.", buckets: seconds
        ),
        MetricDefinition(name: "unmask_requests_total", help: "Requests by method, whatever became of them."),
        MetricDefinition(name: "unmask_errors_total", help: "Requests and images that ended in an error, by type."),
        MetricDefinition(
            name: "unmask_head_images_total", help: "Images that were answered by a fitted head, by its name."),
        MetricDefinition(
            name: "unmask_index_searches_total", help: "Queries of an index, by what became of them."),
        MetricDefinition(
            name: "unmask_index_search_duration_seconds", help: "Time of a request's searches, without its embedding.",
            buckets: seconds),
        MetricDefinition(
            name: "unmask_index_changes_total", help: "Images that were added to an index, replaced or deleted."),
        MetricDefinition(name: "unmask_http_requests_total", help: "Requests of the HTTP port, by route and status."),
    ]
}
