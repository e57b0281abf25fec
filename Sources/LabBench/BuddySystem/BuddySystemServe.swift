import LabKit

/// Serves a page allocator; what the worker's generated main calls.
public func serve<A: PageAllocator>(_ allocator: A.Type) -> Never {
  serve(driver: BuddySystemDriver<A>.self)
}
