import AllocationTrace
import Foundation
import KernelMemory

/// Those who perform a recording, each its kind of operations on a machine of its own, and what waits for them.
///
/// The kernel traces its layers one over the other: the pages of a slab are page operations as well. Performing every
/// kind on its own machine counts nothing twice.
struct ReplayCrew: ~Copyable {
  var pages: Replayer
  var objects: ObjectReplayer
  var areas: AreaReplayer

  private var masks: MaskTable
  private let survey: Survey
  private var pageRequests: [PageRequest] = []
  private var objectRequests: [ObjectRequest] = []
  /// Operations on areas with their indices: they are few.
  private var areaRequests: [(index: Int, operation: KernelOperation)] = []
  /// Requests whose masks are numbers already.
  private var resolvedPages = 0
  private var resolvedObjects = 0
  /// Operations on objects whose cache is not known yet.
  private var objectOperations: [KernelOperation] = []
  private let cpus: Int

  /// Time of the operations, each kind's by itself.
  private(set) var pageTime = Duration.zero
  private(set) var objectTime = Duration.zero
  private(set) var areaTime = Duration.zero

  init(
    pages: consuming Replayer, objects: consuming ObjectReplayer, areas: consuming AreaReplayer,
    names: GFPFlagTable, survey: Survey
  ) {
    cpus = pages.machine.cpus.count
    self.pages = pages
    self.objects = objects
    self.areas = areas
    masks = MaskTable(names)
    self.survey = survey
  }

  /// Why texts are no masks of the kernel version.
  var maskErrors: [String] { masks.errors }

  /// The first thing found wrong with the reference.
  var violation: String? {
    pages.violation ?? objects.violation ?? areas.violation
  }

  /// Operations that wait.
  var waiting: Int { pageRequests.count + objectRequests.count + areaRequests.count }

  mutating func add(_ operation: KernelOperation, at index: Int) {
    if operation.verb.isOfPages {
      pageRequests.append(PageRequest(operation, index: index, cpus: cpus))
    } else if operation.verb.isOfObjects {
      objectRequests.append(ObjectRequest(operation, index: index, cpus: cpus))
      objectOperations.append(operation)
    } else {
      areaRequests.append((index, operation))
    }
  }

  /// Turns texts into masks and caches, as far as it was not done.
  mutating func resolve(_ texts: TextTable) {
    for index in resolvedPages..<pageRequests.count where pageRequests[index].verb == .pages {
      pageRequests[index].resolveMask(&masks, texts)
    }
    resolvedPages = pageRequests.count
    for index in resolvedObjects..<objectRequests.count {
      let operation = objectOperations[index]
      switch operation.verb {
      case .cacheAlloc:
        objectRequests[index].cache =
          objects.caches.index(survey.cacheName(operation), given: operation.given)
        objectRequests[index].resolveMask(&masks, texts)
      case .cacheFree:
        objectRequests[index].cache =
          objects.caches.index(texts[operation.text], given: nil)
      case .kmalloc: objectRequests[index].resolveMask(&masks, texts)
      default: break
      }
    }
    resolvedObjects = objectRequests.count
  }

  /// Performs what waits.
  mutating func perform(_ texts: TextTable) {
    let start = BenchTime.processorNow()
    pages.perform(pageRequests)
    let afterPages = BenchTime.processorNow()
    objects.perform(objectRequests)
    let afterObjects = BenchTime.processorNow()
    for (index, operation) in areaRequests {
      let mask = mask(operation, texts)
      areas.perform(operation, index: index, mask: mask)
    }
    pageTime += .nanoseconds(Int(afterPages - start))
    objectTime += .nanoseconds(Int(afterObjects - afterPages))
    areaTime += .nanoseconds(Int(BenchTime.processorNow() - afterObjects))
    pageRequests.removeAll(keepingCapacity: true)
    objectRequests.removeAll(keepingCapacity: true)
    objectOperations.removeAll(keepingCapacity: true)
    areaRequests.removeAll(keepingCapacity: true)
    resolvedPages = 0
    resolvedObjects = 0
  }

  /// The mask of a vmalloc: probes tell it as a number.
  private mutating func mask(_ operation: KernelOperation, _ texts: TextTable) -> GFPFlags? {
    guard operation.verb == .vmalloc else { return nil }
    let text = texts[operation.text]
    if text.hasPrefix("0x"), let number = UInt32(text.dropFirst(2), radix: 16) {
      return GFPFlags(rawValue: number)
    }
    return masks.mask(operation.text, text).map { GFPFlags(rawValue: $0) }
  }

  /// Checks everything at the end, and that nothing is lost.
  mutating func finish() {
    pages.finish()
    objects.account()
    areas.account()
  }
}
