// swift-tools-version: 6.3
import Foundation
import PackageDescription

/// Models, generators and parsers work through hundreds of thousands of operations in one check, so the
/// kit's own code is optimised in debug builds too. The student's code never is: breakpoints must work.
/// Maintainers who debug the kit itself set `KIT_FAST=0`.
let kitIsOptimised = Context.environment["KIT_FAST"] != "0"
let optimised: [SwiftSetting] =
  kitIsOptimised ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []

/// Says what is wrong with the environment and ends.
func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data("\n\(message)\n".utf8))
  exit(1)
}

let labs = ["BuddySystem", "GFPFlags"]

/// An exercise is a module of its own that sees LabKit alone, exactly as `grade` compiles it.
///
/// Its path is the folder above: where a lab's folder or lesson is gone, the package can still be built, and with it the
/// `grade reset` that brings them back.
func exercise(_ lab: String) -> Target {
  .target(
    name: lab, dependencies: ["LabKit"], path: "Exercises",
    exclude: labs.filter { $0 != lab } + ["\(lab)/README.md"], sources: [lab])
}

/// `LAB=BuddySystem swift test` is the student's door: it builds that lab and its checks, not the reference, and not the
/// other labs, whose errors so stop nobody. `TESTS=LabsTests,GradingTests swift test` builds and runs those test targets.
let wantedLab = Context.environment["LAB"].flatMap { $0.isEmpty ? nil : $0 }
let doors =
  wantedLab.map { wanted in labs.filter { $0.lowercased() == wanted.lowercased() } } ?? labs
if let wantedLab, doors.isEmpty {
  stop("LAB=\(wantedLab) is no lab of this package. The labs: \(labs.joined(separator: ", "))")
}
let wantedTests = Context.environment["TESTS"].flatMap {
  $0.isEmpty ? nil : $0.split(separator: ",").map(String.init)
}

/// The checks of the labs in Exercises, as tests.
let exerciseTests = Target.testTarget(
  name: "ExerciseTests",
  dependencies: ["Labs", "LabBench", "LabKit", "AllocationTrace"]
    + doors.map { .byName(name: $0) },
  exclude: labs.filter { !doors.contains($0) }.map { "\($0)Tests.swift" })

let kitTests: [Target] = [
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
    dependencies: ["grade", "Grading", "Labs", "LabBench", "AllocationTrace", "PropertyTesting"]),
  .testTarget(
    name: "KmemTests",
    dependencies: ["kmem", "KernelMemory", "FtraceImport", "AllocationTrace"]),
  exerciseTests,
]
if let unknown = wantedTests?.first(where: { name in !kitTests.contains { $0.name == name } }) {
  stop(
    "TESTS=\(unknown) is no test target. There are: "
      + kitTests.map(\.name).joined(separator: ", "))
}
let tests =
  wantedLab != nil
  ? [exerciseTests]
  : wantedTests.map { names in kitTests.filter { names.contains($0.name) } } ?? kitTests

/// What a lab and its checks are made of.
let labTargets: [Target] = [
  .target(name: "AllocationTrace", exclude: ["FORMAT.md"], swiftSettings: optimised),
  .target(name: "PropertyTesting", swiftSettings: optimised),

  .target(name: "LabKit", swiftSettings: optimised),
  .target(
    name: "LabBench", dependencies: ["LabKit", "AllocationTrace"], swiftSettings: optimised),
  .target(
    name: "Labs",
    dependencies: ["LabBench", "LabKit", "AllocationTrace", "PropertyTesting"],
    swiftSettings: optimised),
]

let graderTargets: [Target] = [
  .target(name: "Confinement"),
  .target(
    name: "Grading",
    dependencies: ["Labs", "LabBench", "AllocationTrace", "PropertyTesting", "Confinement"],
    exclude: ["TRUST.md"], swiftSettings: optimised),
  .executableTarget(name: "grade", dependencies: ["Grading", "Labs"]),
]

let referenceTargets: [Target] = [
  .target(name: "KernelMemory"),
  .target(name: "PropertyTestingSupport", dependencies: ["PropertyTesting"]),
  .target(
    name: "FtraceImport", dependencies: ["AllocationTrace"], swiftSettings: optimised),
  .executableTarget(
    name: "kmem", dependencies: ["KernelMemory", "FtraceImport", "AllocationTrace"],
    swiftSettings: optimised),
]

// `swift test` builds every target there is, so those that nobody asked for are left out.
let needsGrader = wantedLab == nil
let needsReference =
  wantedLab == nil
  && (wantedTests.map {
    $0.contains {
      ["KernelMemoryTests", "FtraceImportTests", "KmemTests", "PropertyTestingTests"].contains($0)
    }
  } ?? true)

let package = Package(
  name: "kernel-memory-lab",
  platforms: [.macOS(.v15)],
  products: (needsReference
    ? [
      .library(name: "KernelMemory", targets: ["KernelMemory"]),
      .executable(name: "kmem", targets: ["kmem"]),
    ] : []) + (needsGrader ? [.executable(name: "grade", targets: ["grade"])] : []),
  targets: labTargets + (needsGrader ? graderTargets : [])
    + (needsReference ? referenceTargets : []) + tests + doors.map(exercise),
  swiftLanguageModes: [.v6]
)
