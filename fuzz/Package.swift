// swift-tools-version: 6.1
import PackageDescription

// Coverage-guided fuzzing of the readers of files and of what runs them, apart from the main package: it needs flags that would stop others
// from depending on that. `make fuzz` builds it (scripts/fuzz).
let package = Package(
    name: "unmask-fuzz",
    dependencies: [
        .package(name: "unmask", path: "..", traits: []),  // without TLS, which is half of a build
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "FuzzSupport", dependencies: [.product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-onnx", dependencies: ["FuzzSupport", .product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-run", dependencies: ["FuzzSupport", .product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-plan", dependencies: ["FuzzSupport", .product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-safetensors", dependencies: ["FuzzSupport", .product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-torch", dependencies: ["FuzzSupport", .product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-image", dependencies: ["FuzzSupport", .product(name: "UnmaskPixels", package: "unmask")]),
        .executableTarget(
            name: "fuzz-exif", dependencies: ["FuzzSupport", .product(name: "UnmaskPixels", package: "unmask")]),
        .executableTarget(
            name: "fuzz-arrays", dependencies: ["FuzzSupport", .product(name: "UnmaskReaders", package: "unmask")]),
        .executableTarget(
            name: "fuzz-index",
            dependencies: [
                "FuzzSupport", .product(name: "UnmaskIndex", package: "unmask"),
                .product(name: "UnmaskReaders", package: "unmask"),
            ]),
        .target(name: "FuzzStream", dependencies: [.product(name: "NIOCore", package: "swift-nio")]),
        .executableTarget(
            name: "fuzz-framer",
            dependencies: ["FuzzSupport", "FuzzStream", .product(name: "UnmaskService", package: "unmask")]),
        .executableTarget(
            name: "fuzz-json", dependencies: ["FuzzSupport", .product(name: "UnmaskService", package: "unmask")]),
        .executableTarget(
            name: "fuzz-http",
            dependencies: [
                "FuzzSupport", "FuzzStream", .product(name: "UnmaskService", package: "unmask"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
