import Foundation
import PropertyTesting
import Testing

/// Checks within a Swift Testing test that `property` holds, and shows the smallest case in which it does not.
///
/// ```swift
/// @Test func blocksNeverOverlap() async {
///   await checkProperty("blocks never overlap") { choices in
///     var heap = Heap()
///     try choices.commands(average: 20, max: 100) {
///       let size = try choices.draw(1...40)
///       choices.note("allocate(\(size))")
///       #expect(heap.allocate(size) != nil)
///     }
///   }
/// }
/// ```
///
/// A case fails when the property throws or when one of its `#expect`s does; those of failing cases on the
/// way to the smallest are not shown. The failure says how to repeat it, and is attached to the test:
///
/// - `PROPERTY_CHOICES='1 0 16'` runs just the case with these draws,
/// - `PROPERTY_SEED=42` searches with this seed, `PROPERTY_RUNS=100000` for so many runs,
/// - `Regressions/<name>.choices` beside the test's file holds cases to run first: one a line, as failures print them.
///
/// - Parameters:
///   - name: says what holds: `blocks never overlap`. Names the file of regressions too.
///   - seed: what the cases follow from; by default it follows from `name`, so that every run is the same.
///   - runs: how many cases to judge.
///   - maxShrinks: the most runs that shrinking may take.
/// - Returns: what was found, for tests of labels and their shares.
@discardableResult
public func checkProperty(
  _ name: String, seed: UInt64? = nil, runs: Int = 200, maxShrinks: Int = 20_000,
  filePath: String = #filePath, sourceLocation: SourceLocation = #_sourceLocation,
  property: @escaping @Sendable (Choices) throws -> Void
) async -> SearchReport {
  await checkProperty(
    name, seed: seed, runs: runs, maxShrinks: maxShrinks,
    environment: ProcessInfo.processInfo.environment, filePath: filePath,
    sourceLocation: sourceLocation, property: property)
}

/// ``checkProperty(_:seed:runs:maxShrinks:filePath:sourceLocation:property:)`` as `environment` asks for it.
func checkProperty(
  _ name: String, seed: UInt64? = nil, runs: Int = 200, maxShrinks: Int = 20_000,
  environment: [String: String], filePath: String, sourceLocation: SourceLocation,
  property: @escaping @Sendable (Choices) throws -> Void
) async -> SearchReport {
  var report = SearchReport()
  do {
    let settings = try PropertySettings(environment)
    let regressions = try Regressions(of: name, beside: filePath)
    let check = PropertyCheck(
      name: name, seed: settings.seed ?? seed ?? defaultSeed(name), runs: settings.runs ?? runs,
      maxShrinks: maxShrinks, regressions: regressions, sourceLocation: sourceLocation,
      property: property)
    if let choices = settings.choices {
      check.repeatCase(choices)
    } else {
      report = try await check.search()
    }
  } catch {
    Issue.record(Comment(rawValue: String(describing: error)), sourceLocation: sourceLocation)
  }
  return report
}

/// FNV-1a over the name: a property keeps its cases when others are added or moved.
func defaultSeed(_ name: String) -> UInt64 {
  name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
