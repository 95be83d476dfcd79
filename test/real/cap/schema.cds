namespace inventory;

entity Items {
  key ID        : String(60);
      name      : String(200) not null;
      country   : String(2);
      lat       : Decimal(9, 6);
      lng       : Decimal(9, 6);
      updatedAt : Timestamp;
}

entity Guarded {
  key ID         : String(60);
      name       : String(200) @assert.format: '^[^!]*$';
      country    : String(2);
      modifiedAt : Timestamp @odata.etag @cds.on.insert: $now @cds.on.update: $now;
}

@path: '/odata/v4/inventory'
service InventoryService {
  entity Items as projection on inventory.Items;
  entity Guarded as projection on inventory.Guarded;
}
