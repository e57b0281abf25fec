// swift-tools-version: 6.2
import PackageDescription

/// Models, generators and parsers work through hundreds of thousands of operations in one check, so the
/// kit's own code is optimised in debug builds too. The student's code never is: breakpoints must work.
/// Maintainers who debug the kit itself set `KIT_FAST=0`.
let kitIsOptimised = Context.environment["KIT_FAST"] != "0"
let optimised: [SwiftSetting] =
  kitIsOptimised ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []

/// An exercise is a module of its own that sees LabKit alone, exactly as `grade` compiles it.
func exercise(_ lab: String) -> Target {
  .target(
    name: lab, dependencies: ["LabKit"], path: "Exercises/\(lab)", exclude: ["README.md"])
}

let labs = ["BuddySystem", "GFPFlags"]

let package = Package(
  name: "kernel-memory-lab",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "KernelMemory", targets: ["KernelMemory"]),
    .executable(name: "grade", targets: ["grade"]),
    .executable(name: "kmem", targets: ["kmem"]),
  ],
  targets: [
    .target(name: "KernelMemory"),
    .target(name: "AllocationTrace", exclude: ["FORMAT.md"], swiftSettings: optimised),
    .target(
      name: "FtraceImport", dependencies: ["AllocationTrace"], swiftSettings: optimised),
    .target(name: "PropertyTesting", swiftSettings: optimised),
    .target(name: "PropertyTestingSupport", dependencies: ["PropertyTesting"]),
    .target(name: "LabKit", swiftSettings: optimised),
    .target(
      name: "LabBench", dependencies: ["LabKit", "AllocationTrace"], swiftSettings: optimised),
    .target(
      name: "Labs",
      dependencies: ["LabBench", "LabKit", "AllocationTrace", "PropertyTesting"],
      swiftSettings: optimised),
    .target(name: "Confinement"),
    .target(
      name: "Grading", dependencies: ["Labs", "LabBench", "AllocationTrace", "Confinement"],
      swiftSettings: optimised),
    .executableTarget(name: "grade", dependencies: ["Grading", "Labs"]),
    .executableTarget(
      name: "kmem", dependencies: ["KernelMemory", "FtraceImport", "AllocationTrace"],
      swiftSettings: optimised),

    .testTarget(
      name: "KernelMemoryTests",
      dependencies: ["KernelMemory", "PropertyTesting", "PropertyTestingSupport"]),
    .testTarget(name: "AllocationTraceTests", dependencies: ["AllocationTrace", "Labs"]),
    .testTarget(
      name: "FtraceImportTests", dependencies: ["FtraceImport", "AllocationTrace"]),
    .testTarget(
      name: "PropertyTestingTests", dependencies: ["PropertyTesting", "PropertyTestingSupport"],
      exclude: ["Regressions"], swiftSettings: optimised),
    .testTarget(
      name: "LabsTests", dependencies: ["Labs", "LabBench", "LabKit", "AllocationTrace"]),
    .testTarget(
      name: "GradingTests",
      dependencies: ["grade", "Grading", "Labs", "LabBench", "AllocationTrace"]),
    .testTarget(
      name: "KmemTests",
      dependencies: ["kmem", "KernelMemory", "FtraceImport", "AllocationTrace"]),
    .testTarget(
      name: "ExerciseTests",
      dependencies: ["Labs", "LabBench", "LabKit", "AllocationTrace"]
        + labs.map { .byName(name: $0) }),
  ] + labs.map(exercise),
  swiftLanguageModes: [.v6]
)
