import AllocationTrace
import LabKit

/// A recording of a real kernel as a plan of this lab: its requests for pages and what it gave back.
struct KernelPages {
  /// The recording's name in `grading/traces`.
  static let name = "boot-k6.12"

  /// DMA memory to 16 MiB, the rest of 512 MiB above; frame 0 and the firmware's frames are holes.
  static let layout = "1-158,256-4095|4096-131039"

  let plan: Plan

  /// Nil when the recording is not there or cannot be read.
  init?(_ recording: (String) -> [UInt8]?) {
    guard let bytes = recording(Self.name),
      let trace = try? TraceText.parse(
        bytes,
        vocabulary: { $0 == KernelRecording.vocabulary.name ? KernelRecording.vocabulary : nil })
    else { return nil }
    plan = Self.plan(of: trace.operations)
  }

  /// Requests and frees of pages; a block that the kernel split itself is asked for page by page.
  static func plan(of operations: [TraceOperation]) -> Plan {
    var plan = Plan(layout: layout)
    let split = Set(
      operations.lazy.filter { $0.verb == KernelVerb.splitPages.rawValue }.compactMap {
        $0.arguments.first?.handle?.operation
      })
    /// For each request its first step, and its order if it is one block.
    var steps: [Int: (first: Int, order: Int?)] = [:]
    for (index, operation) in operations.enumerated() {
      switch KernelVerb(rawValue: operation.verb) {
      case .pages:
        guard case .number(let order) = operation.arguments[0],
          case .text(let flags) = operation.arguments[1]
        else { continue }
        let zone =
          flags.split(separator: "|").contains { $0 == "GFP_DMA" || $0 == "__GFP_DMA" } ? 0 : 1
        let isSplit = split.contains(index)
        steps[index] = (plan.moves.count, isSplit ? nil : order)
        for _ in 0..<(isSplit ? 1 << order : 1) {
          plan.moves.append(.allocate(order: isSplit ? 0 : order, zone: zone))
        }
      case .freePages:
        guard let handle = operation.arguments[0].handle, let block = steps[handle.operation],
          case .number(let order) = operation.arguments[1]
        else { continue }
        if let whole = block.order {
          plan.moves.append(.free(step: block.first, offset: handle.offset, order: order))
          if whole == order { continue }
        } else {
          for page in 0..<1 << order {
            plan.moves.append(.free(step: block.first + handle.offset + page, order: 0))
          }
        }
      default: continue
      }
    }
    return plan
  }
}

extension Argument {
  fileprivate var handle: Handle? {
    if case .block(let handle) = self { handle } else { nil }
  }
}
