internal import UnmaskGraph

/// Gathers the elements that a convolution's window covers into the rows of a matrix [places, channels · taps], zeros for
/// padding, so that the convolution is a product (im2col; Chellapilla, Puri, Simard 2006).
struct ColumnGrid {
    let channels: Int
    let taps: Int
    let places: Int
    /// Elements of one channel.
    let area: Int
    /// For each tap, its offset into a channel at the window's first place, axis by axis.
    private let window: Window
    private let geometry: WindowGeometry
    private let sizes: [Int]

    init(_ window: Window, _ geometry: WindowGeometry, sizes: [Int], channels: Int) {
        self.window = window
        self.geometry = geometry
        self.sizes = sizes
        self.channels = channels
        taps = window.size.reduce(1, *)
        places = geometry.places.reduce(1, *)
        area = sizes.reduce(1, *)
    }

    /// Fills the row of one place from the channels of `x`.
    func gather(_ place: Int, _ x: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>) {
        // Runs of the window's innermost axis are contiguous in x but for its dilation.
        let last = sizes.count - 1
        let (run, dilation) = (window.size[last], window.dilations[last])
        let start = place % geometry.places[last] * window.strides[last] - geometry.before[last]
        for line in 0..<taps / run {
            var (rest, at, stride, offset) = (line, place / geometry.places[last], sizes[last], start)
            var inside = true
            for axis in (0..<last).reversed() {
                let position =
                    at % geometry.places[axis] * window.strides[axis] + rest % window.size[axis]
                    * window.dilations[axis]
                    - geometry.before[axis]
                at /= geometry.places[axis]
                rest /= window.size[axis]
                inside = inside && position >= 0 && position < sizes[axis]
                offset += position * stride
                stride *= sizes[axis]
            }
            for channel in 0..<channels {
                let to = row + channel * taps + line * run
                let from = channel * area + offset
                for tap in 0..<run {
                    let column = start + tap * dilation
                    to[tap] = inside && column >= 0 && column < sizes[last] ? x[from + tap * dilation] : 0
                }
            }
        }
    }
}
