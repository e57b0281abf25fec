import AllocationTrace
import LabKit

/// Turns the verbs of the BuddySystem lab into calls on one ``PageAllocator``.
public struct BuddySystemDriver<A: PageAllocator>: Driver {
  private var allocator: A?
  private var zoneCount = 0

  public init() {}

  public mutating func perform(_ operation: TraceOperation) -> Outcome {
    let arguments = operation.arguments
    switch (BuddySystemVerb(rawValue: operation.verb), arguments.count) {
    case (.boot, 1):
      guard case .text(let layout) = arguments[0] else { return malformed(operation) }
      guard let zones = MachineLayout.zones(of: layout) else {
        return .refused("\(layout) is not a machine: write zones as 0-6,8-15|16-31")
      }
      zoneCount = zones.count
      allocator = A(zones: zones)
      return .done
    case (.allocate, 2):
      guard case .number(let order) = arguments[0], case .number(let zone) = arguments[1] else {
        return malformed(operation)
      }
      guard let answer = allocator?.allocate(order: order, zone: zone) else {
        return allocator == nil ? notBooted : .none
      }
      return .number(answer)
    case (.free, 2):
      guard case .number(let frame) = arguments[0], case .number(let order) = arguments[1] else {
        return malformed(operation)
      }
      guard allocator != nil else { return notBooted }
      do throws(BadFree) {
        try allocator!.free(frame, order: order)
        return .done
      } catch {
        return .refused(Self.words(for: error))
      }
    case (.show, 0):
      guard let allocator else { return notBooted }
      return .numbers(window(on: allocator))
    case (.list, 2):
      guard case .number(let order) = arguments[0], case .number(let zone) = arguments[1] else {
        return malformed(operation)
      }
      guard let allocator else { return notBooted }
      return .numbers(allocator.freeBlocks(order: order, zone: zone).sorted())
    default:
      return malformed(operation)
    }
  }

  /// All free blocks as triples of zone, order and first frame, sorted; a block that is listed twice appears twice.
  private func window(on allocator: A) -> [Int] {
    var triples: [Int] = []
    for zone in 0..<zoneCount {
      for order in 0...maxOrder {
        for frame in allocator.freeBlocks(order: order, zone: zone).sorted() {
          triples.append(zone)
          triples.append(order)
          triples.append(frame)
        }
      }
    }
    return triples
  }

  private var notBooted: Outcome { .refused("no machine yet: a trace starts with boot") }

  private func malformed(_ operation: TraceOperation) -> Outcome {
    .refused("verb \(operation.verb) does not take these arguments")
  }

  /// A refusal in the words of the lab; shorter to make than a description by reflection, and bad frees are many.
  private static func words(for refusal: BadFree) -> String {
    switch refusal {
    case .notManaged(let frame): "frame \(frame) is not memory of this machine"
    case .notAllocated(let frame): "no allocated block starts at frame \(frame)"
    case .wrongOrder(let frame, let allocated):
      "the block at frame \(frame) was allocated with order \(allocated)"
    }
  }
}
