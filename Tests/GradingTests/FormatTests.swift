import AllocationTrace
import Foundation
import Labs
import Testing

/// The document of the trace form is read by students: its examples are traces.
@Suite struct FormatTests {
  /// The texts between fences.
  static let examples: [String] = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("Sources/AllocationTrace/FORMAT.md")
    let text = try! String(contentsOf: file, encoding: .utf8)
    return text.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map {
      String($0.element.dropFirst())
    }
  }()

  static func parse(_ text: String) throws(TraceTextError) -> Trace {
    try TraceText.parse(text) { name in
      name == KernelRecording.vocabulary.name
        ? KernelRecording.vocabulary : Lab.all.first { $0.vocabulary.name == name }?.vocabulary
    }
  }

  @Test func everyExampleCanBePerformed() throws {
    #expect(Self.examples.count == 4)
    var vocabularies: [String] = []
    for example in Self.examples where !example.hasPrefix("line ") {
      let trace = try Self.parse(example)
      vocabularies.append(trace.vocabulary.name)
      if let lab = Lab.all.first(where: { $0.vocabulary == trace.vocabulary }) {
        #expect(lab.flaw(trace.operations) == nil)
      }
    }
    #expect(vocabularies == ["BuddySystem", "GFPFlags", "KernelRecording"])
  }

  @Test func theErrorIsTheOneThatIsPrinted() throws {
    let error = try #require(Self.examples.first { $0.hasPrefix("line ") })
    let wrong = Self.examples[0].replacing(
      "allocate order=0 zone=0          // #1", with: "allocate ordr=0 zone=0")
    let found = #expect(throws: TraceTextError.self) { try Self.parse(wrong) }
    #expect(found?.description == error.trimmingCharacters(in: .newlines))
  }
}
